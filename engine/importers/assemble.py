"""Steps -> a rule file. A step becomes a rule when it tells somebody, or keeps a later one from doing so."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from engine.document import has_errors, read, validate
from engine.errors import ConfigurationError
from engine.importers.flow import block, comment
from engine.importers.step import Left, Step, UnlikeError
from engine.importers.when import NEVER
from engine.rules.book import Book
from engine.rules.schema import Rule, RuleFile
from engine.rules.when.compile import compile_condition
from engine.rules.when.words import slug

MOST_RULES = 1000
_MOST_NAME = 100
_MOST_COMMENTS = 1000
#: A filter looks at every mail; without this, a rule would leave out mail of machines, lists and bounces.
_EVERY_KIND = ["automatic", "list", "bounce"]


class Converted(NamedTuple):
    """A rule file, how many rules stand in it, and what was left out, in the order of the lines."""

    text: str
    rules: int
    left: tuple[Left, ...]


@dataclass(frozen=True)
class Wish:
    """How the filters are to be converted."""

    file: str
    """The name that comments and the list show."""
    to: tuple[str, ...] = ("me",)
    everything: bool = False
    """Make rules of filters that only sort mail, too."""


def assemble(steps: Sequence[Step], wish: Wish, *, ordered: bool, left: Sequence[Left] = ()) -> Converted:
    """The rules of these steps; with `ordered`, a step that ends keeps later ones from being asked.

    Raises ConfigurationError when the rules are more than one file may hold.
    """
    assembly = _Assembly(wish, ordered, [*left])
    telling = deque((number, step) for number, step in enumerate(steps) if assembly.tells(step))
    for number, step in enumerate(steps):
        while telling and telling[0][0] <= number:
            telling.popleft()
        assembly.add(step, telling)
    lines = tuple(sorted(dict.fromkeys(assembly.left)))
    text = "\n".join(_write(assembly.rules, lines, wish)) + "\n"
    _, problems = validate(read(text, wish.file), RuleFile)
    if has_errors(problems):
        raise ConfigurationError(
            f"its rules are more than one file may hold: {problems[0].message}",
            place=wish.file,
            remedy="split the file and import the parts",
        )
    return Converted(text, len(assembly.rules), lines)


#: The steps that tell, after the one that is looked at, with their numbers.
_Later = deque[tuple[int, Step]]


@dataclass
class _Assembly:
    wish: Wish
    ordered: bool
    left: list[Left]
    rules: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    lost: int = 0
    """The line of a step that ends, and that is no rule: what comes after it would tell too much."""

    def add(self, step: Step, telling: _Later) -> None:
        """Make a rule of the step, or say why not."""
        tells = self.tells(step)
        try:
            stops = self._stops(step, tells, telling)
            if isinstance(step.when, UnlikeError):
                raise step.when
            if tells and self.lost:
                raise UnlikeError(
                    f"line {self.lost} ends the filters for some mails and is no rule: this would tell more"
                )
            if step.when == NEVER:
                raise UnlikeError("it never matches")
            self._keep(step, tells, stops)
        except UnlikeError as unlike:
            self.left.append(Left(unlike.line or step.line, step.name, unlike.reason))
            if self.ordered and step.ends and step.enabled and step.when != NEVER and not unlike.harmless:
                self.lost = self.lost or step.line

    def tells(self, step: Step) -> bool:
        """Whether its rule is to tell somebody."""
        return step.tells or (self.wish.everything and bool(step.does) and not step.discards)

    def _stops(self, step: Step, tells: bool, telling: _Later) -> bool:
        """Whether the rule is to end its scope. Raises when there is nothing for a rule to do."""
        if step.discards and not step.ends and not tells:
            after = next((each for _, each in telling if each.enabled and not exclude(step, each)), None)
            if after is not None:
                raise UnlikeError(f"it does not end the script: line {after.line} still tells of this mail")
            return True
        stops = step.ends
        if tells or step.discards or (stops and telling):
            return stops
        what = f"{', '.join(dict.fromkeys(step.does))}: " if step.does else ""
        reason = (
            f"{what}nothing that tells anybody, here or after it" if stops else f"{what}nothing that tells anybody"
        )
        raise UnlikeError(reason, harmless=True)

    def _keep(self, step: Step, tells: bool, stops: bool) -> None:
        if len(self.rules) == MOST_RULES:
            raise UnlikeError(f"a rule file holds {MOST_RULES:,} rules: import the rest from a file of its own")
        rule: dict[str, Any] = {"name": self._name(step.name)}
        if not step.enabled:
            rule["enabled"] = "false"
        rule["when"] = step.when
        if tells:
            rule["accept"] = _EVERY_KIND
            rule["notify"] = {"to": [*self.wish.to]}
            if step.lane:
                rule["notify"]["lane"] = str(step.lane)
            if step.text:
                rule["notify"]["text"] = step.text
        if stops:
            rule["stop"] = "true"
        _refuse_wrong(rule)
        self.ids.add(slug(rule["name"]))
        self.rules.append((step.line, rule))
        self.left += step.notes

    def _name(self, wanted: str) -> str:
        """The name, or with a number behind it when a rule has it already."""
        name = " ".join("".join(sign if sign.isprintable() else " " for sign in wanted).split())[: _MOST_NAME - 6]
        name = name if slug(name) else f"Filter {name}".strip()
        number, found = 1, name
        while slug(found) in self.ids:
            number += 1
            # an id has 64 signs, which the number must be among
            found = f"{name[:50]} {number}"
        return found


def exclude(one: Step, other: Step) -> bool:
    """Whether no mail comes to both."""
    taken = dict(one.branches)
    return any(taken.get(number, branch) != branch for number, branch in other.branches)


def _refuse_wrong(rule: dict[str, Any]) -> None:
    """Raise the reason for which `tocsin check` would refuse this rule."""
    try:
        checked = Rule.model_validate(rule)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"] if step not in ("when", 0))
        raise UnlikeError(f"no rule can say this: {where}: {first['msg'].removeprefix('Value error, ')}") from None
    _, problems = compile_condition(checked.when, read("", ""), (), Book())
    if problems:
        raise UnlikeError(f"no rule can say this: {problems[0].message}")


def _write(rules: Sequence[tuple[int, dict[str, Any]]], left: Sequence[Left], wish: Wish) -> Iterator[str]:
    yield comment(f"Imported from {wish.file}.")
    if any("notify" in rule for _, rule in rules):
        yield "# A filter looks at every mail, also from machines and lists: `accept` keeps that."
    yield "version: 1"
    yield "rules:" if rules else "rules: []"
    for line, rule in rules:
        yield "  " + comment(f"{wish.file}:{line}")
        first, *rest = block(rule, 4)
        yield f"  - {first.lstrip()}"
        yield from rest
    if left:
        yield ""
        yield "# Not converted:"
        for each in left[:_MOST_COMMENTS]:
            yield comment(f"{wish.file}:{each.line}: {each.name}: {each.reason}")
        if len(left) > _MOST_COMMENTS:
            yield comment(f"... and {len(left) - _MOST_COMMENTS:,} more")

"""Sieve scripts (RFC 5228) -> rules. Every block of a script becomes a step under all that leads to it.

`elsif` and `else` are asked when what stands before them does not hold; where an earlier branch ends the script, its
rule ends the others by itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.importers.assemble import Converted, Wish, assemble, exclude
from engine.importers.content import wrong
from engine.importers.sieve_syntax import Node, parse
from engine.importers.sieve_tests import read_test, sort_arguments
from engine.importers.step import Branches, Left, Step, UnlikeError
from engine.importers.when import ALWAYS, When, all_of, none_of

_COMMANDS_OF_NO_MEANING = ("require",)
_DISCARDING = ("discard", "reject", "ereject", "refuse")
_ENDING = ("stop", "return")
_FLAGS = ("addflag", "setflag")
_FORWARDS = "it forwards to an address, the rule tells 'to': give who is behind it an entry in contacts/"
_RECEIVER = "its receiver is not taken over, the rule tells 'to': give who is behind it an entry in contacts/"
_NAMES = (re.compile(r"rule:\s*\[(.*)\]"), re.compile(r"Rulename:\s*([^|]*)"), re.compile(r"Filter:\s*(.+)"))
_NOISE = re.compile(r"^@|START_SIEVE|END_SIEVE|generated|^\W*$", re.IGNORECASE)


def convert(text: str, wish: Wish) -> Converted:
    """The blocks of a script as rules. Raises ConfigurationError when it is none."""
    commands = parse(text, wish.file)
    if not commands:
        raise wrong("no command stands in this script", wish.file)
    walk = _Walk()
    walk.block(commands, ALWAYS, (), "")
    discarding: list[Step] = []
    steps = []
    for step in reversed(walk.steps):
        steps.append(_unless_discarded(step, discarding))
        discarding += [step] if step.discards else []
    return assemble(steps[::-1], wish, ordered=True, left=walk.left)


def _unless_discarded(step: Step, discarding: Sequence[Step]) -> Step:
    """A star is stuck to a mail when the script ends: what a later step discards has none (RFC 5232 section 3)."""
    if not step.tells or any(word not in _FLAGS for word in step.does):
        return step
    when = step.when
    if len(discarding) > _MOST_BEFORE:
        when = UnlikeError(f"more than {_MOST_BEFORE} blocks after it may discard what it stars")
    for each in reversed(discarding):
        if isinstance(when, UnlikeError):
            break
        if exclude(step, each):
            continue
        if isinstance(each.when, UnlikeError):
            when = UnlikeError(f"line {each.line} may discard what it stars: {each.when.reason}")
        else:
            when = all_of([when, none_of(each.when)])
    return replace(step, when=when)


#: So many other conditions are written into one rule.
_MOST_BEFORE = 50

#: What must hold for a block to be reached, or why that cannot be said.
Guard = When | UnlikeError


@dataclass
class _Acts:
    """What a block does up to the next if."""

    line: int = 0
    tells: bool = False
    ends: bool = False
    discards: bool = False
    lane: int = 0
    text: str = ""
    does: list[str] = field(default_factory=list)
    notes: list[Left] = field(default_factory=list)


class _Walk:
    """Through the blocks of a script, in the order in which it runs."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.left: list[Left] = []
        self._ifs = 0
        self._names: dict[str, str] = {}

    def block(self, commands: Sequence[Node], guard: Guard, branches: Branches, name: str) -> bool:
        """Make the steps of one block; whether it always ends the script."""
        acts = _Acts()
        at = 0
        while at < len(commands):
            node = commands[at]
            if node.name == "if":
                self._flush(acts, guard, branches, name)
                acts = _Acts()
                chain = [node]
                while at + 1 < len(commands) and commands[at + 1].name in ("elsif", "else"):
                    at += 1
                    chain.append(commands[at])
                self._chain(chain, guard, branches, name)
            elif node.name in ("elsif", "else"):
                self.left.append(Left(node.line, name or node.name, f"'{node.name}' without an if"))
            else:
                self._act(node, acts, name or _name_of(node), top=guard == ALWAYS)
            at += 1
            if acts.ends:
                if at < len(commands):
                    self.left.append(
                        Left(commands[at].line, name or commands[at].name, f"never reached: line {node.line} ends it")
                    )
                break
        self._flush(acts, guard, branches, name)
        return acts.ends

    def _flush(self, acts: _Acts, guard: Guard, branches: Branches, name: str) -> None:
        if acts.line:
            step = Step(
                line=acts.line,
                name=name or f"Sieve, line {acts.line}",
                when=guard,
                tells=acts.tells,
                ends=acts.ends,
                discards=acts.discards,
                does=tuple(acts.does),
                lane=acts.lane,
                text=acts.text,
                notes=tuple(acts.notes),
                branches=branches,
            )
            self.steps.append(step)

    def _chain(self, chain: Sequence[Node], guard: Guard, branches: Branches, name: str) -> None:
        """One if with its elsif and else."""
        self._ifs += 1
        number = self._ifs
        before: list[When] = []
        lost: UnlikeError | None = None
        for branch, node in enumerate(chain):
            own = _name_of(node) or (
                f"{called} (otherwise)" if branch and (called := _name_of(chain[0]) or name) else name
            )
            here: Guard = guard
            test: When = ALWAYS
            if isinstance(guard, dict):
                try:
                    test = self._test(node)
                except UnlikeError as unlike:
                    here = lost = lost or unlike
                else:
                    here = _follows(lost) if lost else all_of([guard, *(none_of(each) for each in before), test])
            written = own or name or f"{node.name} in line {node.line}"
            ends = self.block(node.block or (), here, (*branches, (number, branch)), written)
            if not ends:
                before.append(test)
            if len(before) > _MOST_BEFORE and lost is None:
                lost = UnlikeError(f"more than {_MOST_BEFORE} branches stand before it", node.line)
            if lost is not None and node.name != "else" and not lost.line:
                lost.line = node.line

    def _test(self, node: Node) -> When:
        if node.name == "else":
            return ALWAYS
        if len(node.tests) != 1:
            raise UnlikeError(f"{node.name} takes one test", node.line)
        return read_test(node.tests[0], self._names)

    def _act(self, node: Node, acts: _Acts, name: str, *, top: bool) -> None:
        """Note what one command does."""
        if node.name in _COMMANDS_OF_NO_MEANING:
            return
        if node.name == "set":
            self._set(node, name, top=top)
            return
        if node.name == "include":
            self.left.append(Left(node.line, name, "include: import that script too; what it ends is not seen here"))
            return
        acts.line = acts.line or node.line
        if node.name in _ENDING:
            acts.ends = True
            return
        acts.does.append(node.name)
        if node.name in _DISCARDING:
            acts.discards = True
        elif node.name == "notify":
            self._notify(node, acts, name)
        elif node.name == "redirect":
            acts.tells = True
            acts.notes.append(Left(node.line, name, _FORWARDS, part=True))
        elif _flags(node):
            acts.tells = True
        if acts.tells:
            acts.discards = False

    def _set(self, node: Node, name: str, *, top: bool) -> None:
        """A variable whose value is written here stands for that value; any other is not known."""
        try:
            asked = sort_arguments(node, self._names)
        except UnlikeError as unlike:
            self.left.append(Left(node.line, name or "set", unlike.reason, part=True))
            asked = None
        if asked is not None and len(asked.given) == 2:
            (variable,), (value,) = asked.given
            if top and not asked.tags:
                self._names[variable.lower()] = value
            else:
                self._names.pop(variable.lower(), None)
        elif node.arguments and isinstance(node.arguments[0], tuple):
            self._names.pop(node.arguments[0][0].lower(), None)

    def _notify(self, node: Node, acts: _Acts, name: str) -> None:
        """RFC 5435, and the draft before it with its :method and :high."""
        acts.tells = True
        try:
            asked = sort_arguments(node, self._names)
        except UnlikeError as unlike:
            acts.notes.append(Left(node.line, name, f"its text: {unlike.reason}", part=True))
            return
        urgent = asked.tags.get(
            "importance", ("1",) if "high" in asked.tags else ("3",) if "low" in asked.tags else ()
        )
        if urgent and urgent[0] in ("1", "2", "3"):
            acts.lane = int(urgent[0])
        text = " ".join("".join(asked.tags.get("message", ())).split())
        if set(text) & set("{}$"):
            acts.notes.append(Left(node.line, name, "its text has signs that mean something else in ours", part=True))
        else:
            acts.text = text
        if asked.given or "options" in asked.tags:
            acts.notes.append(Left(node.line, name, _RECEIVER, part=True))


def _follows(lost: UnlikeError) -> UnlikeError:
    return UnlikeError(f"it is asked when line {lost.line} does not hold, which has no like: {lost.reason}")


def _flags(node: Node) -> bool:
    """Whether it stars the mail (RFC 5232)."""
    if node.name not in (*_FLAGS, "fileinto", "keep"):
        return False
    flags = [each for argument in node.arguments if isinstance(argument, tuple) for each in argument]
    return any("\\flagged" in each.lower().split() for each in flags)


def _name_of(node: Node) -> str:
    """What the program that wrote the script calls the rule, or the comment before it."""
    for comment in reversed(node.comments):
        for form in _NAMES:
            found = form.search(comment)
            if found and found[1].strip():
                return found[1].strip()
    plain = [each for each in node.comments if not _NOISE.search(each)]
    return plain[-1][:60].strip() if plain else ""

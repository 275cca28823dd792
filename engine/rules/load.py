"""Rule files that have been read -> the rules in force, and every mistake in them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from engine.document import Document, Path, Problem, suggest, validate
from engine.notification import Channel, Lane
from engine.rules.match import compile_condition
from engine.rules.render import FIELDS, Template, parse
from engine.rules.ruleset import GLOBAL, ReadyAction, ReadyRule, Ruleset
from engine.rules.schema import MOST_NESTED, Action, Condition, Defaults, Rule, RuleFile
from engine.segments import count


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """A folder of `config/rules`: its name is a scope, its documents are in the order of their names."""

    scope: str
    place: str
    """The folder as reports show it."""
    documents: Sequence[Document] = ()


def load(
    folders: Iterable[RuleFolder], accounts: Collection[str], version: str = ""
) -> tuple[Ruleset, list[Problem]]:
    """The rules of all folders. With an error among the problems, the ruleset is not to be used."""
    scopes: dict[str, tuple[ReadyRule, ...]] = {}
    problems: list[Problem] = []
    for folder in folders:
        if folder.scope != GLOBAL and folder.scope not in accounts:
            problems.append(_no_such_account(folder, accounts))
        scope = _Scope(folder.scope)
        for document in folder.documents:
            scope.add(document)
        scopes[folder.scope] = tuple(scope.rules)
        problems += scope.problems
    return Ruleset(scopes, version), problems


def _no_such_account(folder: RuleFolder, accounts: Collection[str]) -> Problem:
    known = ", ".join(sorted(accounts)) or "none"
    return Problem(
        f"the folder '{folder.scope}' is named after no account",
        folder.place,
        code="unknown-account",
        label=suggest(folder.scope, (*accounts, GLOBAL)),
        hint=f"accounts: {known}; rules for every account stand in '{GLOBAL}'",
    )


class _Scope:
    """The rules of one folder while they are read: an id is unique in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rules: list[ReadyRule] = []
        self.problems: list[Problem] = []
        self._first: dict[str, tuple[Document, Path]] = {}

    def add(self, document: Document) -> None:
        file, problems = validate(document, RuleFile)
        self.problems += problems
        if file is None:
            return
        for index, rule in enumerate(file.rules):
            path: Path = ("rules", index)
            before = len(self.problems)
            self._check_id(rule, document, path)
            self._check_nesting(rule.when, document, (*path, "when"), 1)
            actions = self._actions(rule, file.defaults, document, path)
            if len(self.problems) == before or not any(p.severity == "error" for p in self.problems[before:]):
                self._keep(rule, actions, document, path)

    def _keep(self, rule: Rule, actions: tuple[ReadyAction, ...], document: Document, path: Path) -> None:
        if not rule.enabled:
            return
        line = document.span_of((*path, "name"), key=True).line
        when = compile_condition(rule.when, document, (*path, "when"))
        place = f"{document.file}:{line}"
        self.rules.append(ReadyRule(self.name, rule.key, rule.name, place, when, actions, rule.stop))

    def _check_id(self, rule: Rule, document: Document, path: Path) -> None:
        field = "id" if rule.id else "name"
        if not rule.key:
            message = "this name has no letter or digit to make an id of"
            self.problems.append(
                document.problem((*path, "name"), message, code="id", label="add 'id:' to this rule")
            )
        elif rule.key in self._first:
            other, where = self._first[rule.key]
            self.problems.append(
                document.problem(
                    (*path, field),
                    f"a second rule with the id '{rule.key}'",
                    code="duplicate-rule",
                    label="give it another name, or an 'id:' of its own",
                    related=(other.related(where, "the first one"),),
                )
            )
        else:
            self._first[rule.key] = (document, (*path, field))

    def _check_nesting(self, condition: Condition, document: Document, path: Path, depth: int) -> None:
        if depth > MOST_NESTED:
            message = f"conditions nested more than {MOST_NESTED} deep"
            self.problems.append(document.problem(path, message, code="nesting", hint="write the condition flatter"))
            return
        for key, inner in (("all", condition.all), ("any", condition.any), ("not", condition.not_)):
            for index, each in enumerate(inner):
                self._check_nesting(each, document, (*path, key, index), depth + 1)

    def _actions(self, rule: Rule, defaults: Defaults, document: Document, path: Path) -> tuple[ReadyAction, ...]:
        ready: list[ReadyAction] = []
        for index, written in enumerate(rule.notify):
            here: Path = (*path, "notify", index)
            if here not in document.values:
                here = (*path, "notify")
            action = _fill(written, defaults)
            if any(other.name == action.name for other in ready):
                message = f"a second action named '{action.name}' in this rule"
                label = "give each a 'name:' of its own"
                at = (*here, "name") if (*here, "name") in document.values else here
                self.problems.append(document.problem(at, message, code="duplicate-action", label=label))
            template, _ = parse(action.text)
            self._warn(action, template, document, (*here, "text"))
            ready.append(_ready(action, template))
        return tuple(ready)

    def _warn(self, action: Action, template: Template, document: Document, path: Path) -> None:
        for field in FIELDS:
            if f"{{{field}}}" in template.fixed:
                message = f"this sends the word {{{field}}}, not what it stands for"
                hint = f"write {{{field}}} with one brace on each side"
                self.problems.append(document.problem(path, message, severity="warning", code="braces", hint=hint))
        # every field as full as it may become, in letters that cost least
        full = count(template.fixed + "x" * (template.longest - len(template.fixed)))
        if full.parts > action.max_parts:
            why = f" ('{full.forced_by}' makes all of it cost more)" if full.forced_by else ""
            self.problems.append(
                document.problem(
                    path,
                    f"this text can need {full.parts} parts{why} and max_parts is {action.max_parts}",
                    severity="warning",
                    code="too-long",
                    label="what is too long will be cut",
                    hint="shorten the text, cut its fields as in {subject|80}, or allow more with max_parts",
                )
            )


def _fill(action: Action, defaults: Defaults) -> Action:
    """The action with the file's defaults where it says nothing itself."""
    given = {name: getattr(defaults, name) for name in defaults.model_fields_set - action.model_fields_set}
    return action.model_copy(update=given) if given else action


def _ready(action: Action, template: Template) -> ReadyAction:
    return ReadyAction(
        name=action.name,
        to=action.to,
        channel=Channel(action.channels[0]),
        text=template,
        max_parts=action.max_parts,
        lane=Lane(action.lane),
        on_unknown=action.on_unknown,
        expires_after=action.expires_after,
    )

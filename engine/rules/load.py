"""Rule files that have been read -> the rules in force, and every mistake in them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from engine.document import Document, Path, Problem, has_errors, suggest, validate
from engine.rules.actions import Defaults
from engine.rules.book import Books
from engine.rules.calendars import check_calendars
from engine.rules.kept import Kept, Made, Page
from engine.rules.ready import Capped, Ground, Making, Owner
from engine.rules.ruleset import GLOBAL, ReadyRule, Ruleset
from engine.rules.salvage import salvage
from engine.rules.schema import Rule, RuleFile
from engine.rules.testing import RuleTest, check_names
from engine.rules.when.automatic import implied
from engine.rules.when.compile import about, compile_condition


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """A folder of `config/rules`: its name is a scope, its documents are in the order of their names."""

    scope: str
    place: str
    """The folder as reports show it."""
    documents: Sequence[Document | Page] = ()


def load(
    folders: Iterable[RuleFolder],
    accounts: Collection[str],
    version: str = "",
    *,
    books: Books | None = None,
    owners: Mapping[str, Owner] | None = None,
    kept: Kept | None = None,
) -> tuple[Ruleset, list[Problem]]:
    """The rules of all folders. With an error among the problems, the ruleset is not to be used.

    `accounts` are all ids that a folder may be named after, `owners` what is known of those that could be read.
    `kept` is what earlier readings made, for pages that did not change; this one adds to it.
    """
    books, kept = books or Books(), kept or Kept()
    owners = owners or {}
    scopes: dict[str, tuple[ReadyRule, ...]] = {}
    problems: list[Problem] = []
    capped: tuple[Capped, ...] = ()
    read: list[_Scope] = []
    # the global files first: their caps hold for all others
    for folder in sorted(folders, key=lambda folder: folder.scope != GLOBAL):
        shared = folder.scope == GLOBAL
        if not shared and folder.scope not in accounts:
            problems.append(_no_such_account(folder, accounts))
        whose = list(owners.values()) if shared else [owners[folder.scope]] if folder.scope in owners else []
        book = books.shared if shared else books.of(folder.scope)
        whole = owners.keys() >= set(accounts) if shared and owners else bool(whose)
        scope = _Scope(folder.scope, Ground(book, whose, capped, whole), kept)
        for document in folder.documents:
            scope.add(document)
        if shared:
            capped = tuple(scope.capped)
        scopes[folder.scope] = tuple(scope.rules)
        problems += scope.problems
        read.append(scope)
    problems += _check_tests(read, owners, kept)
    return Ruleset(scopes, version, books, before=kept.in_force), problems


def _no_such_account(folder: RuleFolder, accounts: Collection[str]) -> Problem:
    known = ", ".join(sorted(accounts)) or "none"
    return Problem(
        f"the folder '{folder.scope}' is named after no account",
        folder.place,
        code="unknown-account",
        label=suggest(folder.scope, (*accounts, GLOBAL)),
        hint=f"accounts: {known}; rules for every account stand in '{GLOBAL}'",
    )


def _check_tests(read: Sequence["_Scope"], owners: Collection[str], kept: Kept) -> list[Problem]:
    """The names in `tests:`; where a file could not be read nobody knows what it would have named."""
    if any(scope.unread for scope in read):
        return []
    names = {scope.name: scope.names for scope in read}
    known = names == kept.names and [*owners] == kept.owners
    problems: list[Problem] = []
    for scope in read:
        seen = [name for each in names if GLOBAL in (scope.name, each) or each == scope.name for name in names[each]]
        whose = owners if scope.name == GLOBAL else (scope.name,)
        for page in () if known else scope.untold:
            file, _ = validate(page.document, RuleFile)
            scope.tests += [(page.document, file.tests)] if file else []
        for document, tests in scope.tests:
            problems += check_names(tests, seen, whose, document)
    if not problems:
        kept.names, kept.owners = names, [*owners]
    return problems


class _Scope:
    """The rules of one folder while they are read: an id is unique in it."""

    def __init__(self, name: str, ground: Ground, kept: Kept) -> None:
        self.name = name
        self.rules: list[ReadyRule] = []
        self.capped: list[Capped] = []
        self.problems: list[Problem] = []
        self.names: list[str] = []
        """Of all rules, by name and id, also of those with mistakes in them."""
        self.tests: list[tuple[Document, tuple[RuleTest, ...]]] = []
        self.untold: list[Page] = []
        """Pages with tests that did not change."""
        self.unread = False
        self._ground = ground
        self._kept = kept
        self._in_force = {rule.id: rule for rule in kept.in_force.scopes.get(name, ())}
        self._first: dict[str, tuple[Document | Page, Path]] = {}

    def add(self, found: Document | Page) -> None:
        """One more file; a page that did not change is what it became before."""
        if isinstance(found, Document):
            self._add(found)
            return
        made = self._kept.made_of(found, self._ground)
        if made is None or not made.ids.keys().isdisjoint(self._first):
            self._make(found)
            return
        self.rules += made.rules
        self.names += made.names
        self.problems += made.problems
        self._first.update((id, (found, at)) for id, at in made.ids.items())
        if made.tested:
            self.untold.append(found)

    def _make(self, page: Page) -> None:
        """Read the page, and keep what it becomes."""
        rules, names, problems = len(self.rules), len(self.names), len(self.problems)
        first, tests, capped = len(self._first), len(self.tests), len(self.capped)
        self._add(page.document)
        self.rules[rules:] = [
            before if (before := self._in_force.get(rule.id)) == rule else rule for rule in self.rules[rules:]
        ]
        self._kept.files.pop(page.file, None)
        if len(self.capped) > capped or has_errors(self.problems[problems:]):
            return
        self._kept.files[page.file] = Made(
            digest=page.digest,
            ground=self._ground,
            rules=tuple(self.rules[rules:]),
            names=tuple(self.names[names:]),
            ids={id: at for id, (_, at) in islice(self._first.items(), first, None)},
            problems=tuple(self.problems[problems:]),
            tested=any(some for _, some in self.tests[tests:]),
        )

    def _add(self, document: Document) -> None:
        file, problems = validate(document, RuleFile)
        self.problems += problems
        if file is None:
            self.unread = True
            for index, rule in salvage(document):
                self._add_rule(rule, Defaults(), document, ("rules", index))
            return
        self.names += [name for rule in file.rules for name in dict.fromkeys((rule.name, rule.key))]
        self.tests.append((document, file.tests))
        if file.caps is not None:
            self.capped.append(Capped(file.caps, document))
            self._check_global(document, ("caps",), "caps stand in global files only")
        for index, rule in enumerate(file.rules):
            self._add_rule(rule, file.defaults, document, ("rules", index))

    def _add_rule(self, rule: Rule, defaults: Defaults, document: Document, path: Path) -> None:
        before = len(self.problems)
        self._check_id(rule, document, path)
        if rule.final:
            self._check_global(document, (*path, "final"), "only a global rule has the last word")
        making = Making(rule, defaults, document, path, self._ground)
        actions, limits, remind = making.actions(), making.limits(), making.remind()
        when, wrong = compile_condition(rule.when, document, (*path, "when"), self._ground.book)
        self.problems += [*making.problems, *wrong]
        if self._ground.whole:
            at = (*path, "when")
            self.problems += check_calendars(rule.when, document, at, self._ground.calendars)
        if has_errors(self.problems[before:]) or not rule.enabled:
            return
        self.rules.append(
            ReadyRule(
                scope=self.name,
                id=rule.key,
                name=rule.name,
                place=f"{document.file}:{document.span_of((*path, 'name'), key=True).line}",
                about=about(rule.when),
                when=when,
                actions=actions,
                stop=rule.stop,
                final=rule.final,
                accept=implied(when).union(rule.accept),
                limits=limits,
                remind=remind,
                late=rule.late,
                on_change=rule.on_change,
            )
        )

    def _check_global(self, document: Document, at: Path, message: str) -> None:
        if self.name != GLOBAL:
            hint = f"move it to rules/{GLOBAL}/; 'stop: true' ends the account's own rules"
            self.problems.append(document.problem(at, message, key=True, code="global-only", hint=hint))

    def _check_id(self, rule: Rule, document: Document, path: Path) -> None:
        field = "id" if rule.id else "name"
        if not rule.key:
            message = "this name has no letter or digit to make an id of"
            self.problems.append(
                document.problem((*path, "name"), message, code="id", label="add 'id:' to this rule")
            )
        elif rule.key in self._first:
            found, where = self._first[rule.key]
            other = found.document if isinstance(found, Page) else found
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

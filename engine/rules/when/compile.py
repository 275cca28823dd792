"""A condition as it is written -> the tree that every engine answers, with places and words for the evidence."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from engine.account import Contact
from engine.document import Document, Path, Problem, suggest
from engine.heard import number_of
from engine.rules.book import Book
from engine.rules.when.attached import Attached
from engine.rules.when.comparison import intersect, read_comparison
from engine.rules.when.conditions import (
    MOST_NESTED,
    AddressTest,
    AttachmentTest,
    Condition,
    NumberTest,
    TextTest,
    TimeTest,
)
from engine.rules.when.domain import spellings
from engine.rules.when.fold import fold
from engine.rules.when.pattern import complete, is_glob
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.view import HEADER
from engine.rules.when.window import Window
from engine.rules.when.words import ANYONE, read_address

#: What a condition is about.
About = Literal["mail", "message", "appointment"]
#: Kind of event -> what its rules are about.
ABOUT: Mapping[str, About] = {"mail": "mail", "message": "message", "occasion": "appointment"}

#: How a setting is called in the model where its own name cannot be.
_ATTRIBUTES = {"from": "sender"}
_PEOPLE = ("from", "to", "cc", "any_recipient", "reply_to", "organiser", "attendee")
#: A text left to itself is looked for anywhere in these, and is the whole of any other.
_CONTAINED = ("subject", "body", "title", "location", "text")
_TEXTS = ("calendar", "keyword", "subject", "title", "list_id", "location", "category", "text")
_NUMBERS = ("sms_from", "sms_to")
_OF_APPOINTMENTS = ("calendar", "title", "location", "organiser", "attendee", "category", "all_day", "status")
_OF_TEXTS = (*_NUMBERS, "keyword", "text")
_OF_ALL = ("time", "language", "all", "any", "not")
#: What is said of each: one, and several.
_CALLED: Mapping[About, tuple[str, str]] = {
    "mail": ("a mail", "mails"),
    "message": ("a text from a phone", "texts from phones"),
    "appointment": ("an appointment", "appointments"),
}

CONTACTS = "contacts"
GROUP = "group:"


def compile_condition(condition: Condition, document: Document, path: Path, book: Book) -> tuple[Tree, list[Problem]]:
    """The tree of the condition at `path`, and what is wrong with it: with a problem, it is not to be used."""
    compiler = _Compiler(document, book)
    tree = compiler.compile(condition, path, 1)
    compiler.refuse_mixture()
    return tree, compiler.problems


def about(condition: Condition) -> About:
    """What a condition is about; one that only asks for the time or the language is about mails."""
    found = {_about(name) for name in _names(condition)}
    return next((each for each in ("appointment", "message") if each in found), "mail")


def _about(name: str) -> About:
    """What a setting is about that is not of all."""
    return "appointment" if name in _OF_APPOINTMENTS else "message" if name in _OF_TEXTS else "mail"


def _names(condition: Condition) -> Iterator[str]:
    """Every setting of a condition and of those inside it."""
    yield from (_ATTRIBUTE_NAMES.get(name, name) for name in condition.model_fields_set)
    for inner in (*condition.all, *condition.any, *condition.not_):
        yield from _names(inner)


_ATTRIBUTE_NAMES = {attribute: name for name, attribute in _ATTRIBUTES.items()} | {"not_": "not"}


class _Compiler:
    """One `when`, and the problems found in it."""

    def __init__(self, document: Document, book: Book) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._book = book
        self._first: dict[About, tuple[str, Path]] = {}

    def compile(self, condition: Condition, path: Path, depth: int) -> Tree:
        """The tree of one block."""
        if depth > MOST_NESTED:
            message = f"conditions nested more than {MOST_NESTED} deep"
            self._refuse(path, message, code="nesting", hint="write the condition flatter")
            return All(())
        self._note_subject(condition, path)
        parts = [*self._settings(condition, path)]
        parts += [self._inner(each, path, "all", i, depth) for i, each in enumerate(condition.all)]
        if condition.any:
            parts.append(_any(self._inner(each, path, "any", i, depth) for i, each in enumerate(condition.any)))
        for index, each in enumerate(condition.not_):
            inner = self._inner(each, path, "not", index, depth)
            parts.append(Not(inner, self._document.place((*path, "not", index))))
        return _all(parts)

    def refuse_mixture(self) -> None:
        """Nothing is a mail and an appointment, or a text from a phone."""
        if len(self._first) > 1:
            first, second = [each for each in _CALLED if each in self._first][:2]
            (this, these), (that, those) = _CALLED[first], _CALLED[second]
            name, path = self._first[second]
            other, where = self._first[first]
            self._refuse(
                path,
                f"{this} has no '{name}', and {that} no '{other}'",
                code="mixture",
                key=True,
                hint=f"write one rule for {these} and one for {those}",
                related=(self._document.related(where, f"of {these}", key=True),),
            )

    def _refuse(self, path: Path, message: str, **more: object) -> None:
        self.problems.append(self._document.problem(path, message, **more))  # type: ignore[arg-type]

    def _note_subject(self, condition: Condition, path: Path) -> None:
        for name in sorted(_ATTRIBUTE_NAMES.get(each, each) for each in condition.model_fields_set):
            if name not in _OF_ALL:
                self._first.setdefault(_about(name), (name, (*path, name)))

    def _inner(self, condition: Condition, path: Path, key: str, index: int, depth: int) -> Tree:
        inner: Path = (*path, key, index)
        return self.compile(condition, inner if inner in self._document.values else (*path, key), depth + 1)

    def _settings(self, condition: Condition, path: Path) -> Iterator[Tree]:
        """What stands in one block, the cheap and telling tests first."""
        for name in _PEOPLE:
            people: AddressTest | None = getattr(condition, _ATTRIBUTES.get(name, name))
            if people is not None:
                yield from self._people(people, name, (*path, name))
        for name in _NUMBERS:
            number: NumberTest | None = getattr(condition, name)
            if number is not None:
                yield from self._numbers(number, name, (*path, name))
        for name in _TEXTS:
            text: TextTest | None = getattr(condition, name)
            if text is not None:
                yield from self._text(text, name, name, (*path, name))
        for name, test in condition.header.items():
            yield from self._text(test, HEADER + name.lower(), f"header {name}", (*path, "header", name))
        for name in ("priority", "language", "status"):
            values: tuple[str, ...] = getattr(condition, name)
            if values:
                yield self._is(name, values, (*path, name), _words(name, "is", values))
        if condition.all_day is not None:
            told = "true" if condition.all_day else "false"
            yield self._is("all_day", (told,), (*path, "all_day"), f"all_day is {told}")
        if condition.verified:
            yield self._verified(condition.verified, (*path, "verified"))
        if condition.size:
            words = f"size {' and '.join(condition.size)}"
            yield self._predicate("size", Operator.BETWEEN, _range(condition.size), (*path, "size"), words)
        if condition.attachment:
            yield _any(self._attachment(each, (*path, "attachment")) for each in condition.attachment)
        if condition.time is not None:
            yield from self._time(condition.time, (*path, "time"))
        if condition.body is not None:
            yield from self._text(condition.body, "body", "body", (*path, "body"))

    def _predicate(
        self, field: str, operator: Operator, values: Iterable[object], path: Path, words: str
    ) -> Predicate:
        return Predicate(field, operator, tuple(dict.fromkeys(values)), self._document.place(path), words)

    def _is(self, field: str, values: Iterable[str], path: Path, words: str) -> Predicate:
        return self._predicate(field, Operator.IS, (fold(value).strip() for value in values), path, words)

    def _people(self, test: AddressTest, field: str, path: Path) -> Iterator[Tree]:
        if test.is_:
            yield self._addresses(field, test.is_, (*path, "is"), _words(field, "is", test.is_))
        if test.in_:
            where = (*path, "in")
            yield _any(self._who(name, field, where) for name in test.in_)
        yield from self._operators(test, field, field, path)

    def _addresses(self, field: str, values: tuple[str, ...], path: Path, words: str) -> Predicate:
        if ANYONE in values and field != "from":
            # only of a mail is it sure that somebody sent it, whether its header says so or not
            return self._predicate(field, Operator.EXISTS, (), path, words)
        every = (form for value in values for form in spellings(value))
        return self._predicate(field, Operator.ADDRESS, every, path, words)

    def _who(self, name: str, field: str, path: Path) -> Tree:
        words = f"{field} in {name}"
        if name == CONTACTS and name not in self._book.lists:
            return self._predicate(field, Operator.KNOWN, (), path, words)
        found: list[str] = []
        for written in self._group(name, path) if name.startswith(GROUP) else self._list(name, path, people=True):
            try:
                found.append(read_address(written))
            except ValueError:
                message = f"the list '{name}' holds '{written}', which is no address"
                self._refuse(path, message, part=name, code="no-address", hint="give words a list of their own")
                break
        return self._addresses(field, tuple(found), path, words)

    def _group(self, name: str, path: Path) -> Iterator[str]:
        yield from (each.email for each in self._members(name, path) if each.email)

    def _members(self, name: str, path: Path) -> Iterator[Contact]:
        group = name.removeprefix(GROUP).strip()
        if group not in self._book.groups:
            known = [GROUP + each for each in self._book.groups]
            self._unknown(f"there is no group '{group}'", name, known, path)
        for member in self._book.groups.get(group, ()):
            contact = self._book.contacts.get(member)
            if contact is not None:
                yield contact

    def _numbers(self, test: NumberTest, field: str, path: Path) -> Iterator[Tree]:
        if test.is_:
            words = _words(field, "is", test.is_)
            yield self._predicate(field, Operator.ADDRESS, test.is_, (*path, "is"), words)
        if test.in_:
            where = (*path, "in")
            yield _any(self._whose(name, field, where) for name in test.in_)
        yield from self._operators(test, field, field, path)

    def _whose(self, name: str, field: str, path: Path) -> Tree:
        """A number of somebody in a list, in a group or among the contacts."""
        words = f"{field} in {name}"
        if name == CONTACTS and name not in self._book.lists:
            return self._predicate(field, Operator.KNOWN, (), path, words)
        if name.startswith(GROUP):
            found = [number for each in self._members(name, path) for number in each.numbers]
        else:
            found = [fold(number_of(written)) for written in self._list(name, path, people=True)]
        return self._predicate(field, Operator.ADDRESS, found, path, words)

    def _list(self, name: str, path: Path, *, people: bool = False) -> tuple[str, ...]:
        if name not in self._book.lists:
            known = [*self._book.lists]
            if people:
                known += [CONTACTS, *(GROUP + each for each in self._book.groups)]
            self._unknown(f"there is no list '{name}'", name, known, path)
        return self._book.lists.get(name, ())

    def _unknown(self, message: str, name: str, known: list[str], path: Path) -> None:
        hint = f"known here: {', '.join(sorted(known)[:20])}" if known else "lists stand in config/lists/*.yaml"
        self._refuse(path, message, part=name, code="unknown-name", label=suggest(name, known), hint=hint)

    def _text(self, test: TextTest, field: str, shown: str, path: Path) -> Iterator[Tree]:
        if test.is_:
            yield self._is(field, test.is_, (*path, "is"), _words(shown, "is", test.is_))
        if test.in_:
            where = (*path, "in")
            values = tuple(value for name in test.in_ for value in self._list(name, where))
            yield self._listed(field, values, where, f"{shown} in {' or '.join(test.in_)}")
        yield from self._operators(test, field, shown, path)

    def _listed(self, field: str, values: tuple[str, ...], path: Path, words: str) -> Predicate:
        """The values of a list, as if they stood there without an operator."""
        if field in _CONTAINED:
            return self._predicate(field, Operator.CONTAINS, map(fold, values), path, words)
        operator = Operator.GLOB if any(map(is_glob, values)) and not field.startswith(HEADER) else Operator.IS
        return self._predicate(field, operator, (fold(value).strip() for value in values), path, words)

    def _operators(
        self, test: AddressTest | NumberTest | TextTest, field: str, shown: str, path: Path
    ) -> Iterator[Tree]:
        """What texts and people have in common."""
        for name, operator in _OPERATORS:
            written: tuple[str, ...] = getattr(test, name)
            if written:
                words = _words(shown, name.replace("_", " "), written)
                values = [_READ[operator](value) for value in written]
                yield self._predicate(field, operator, values, (*path, name), words)
        if test.exists is not None:
            place = (*path, "exists")
            there = self._predicate(field, Operator.EXISTS, (), place, f"{shown} exists")
            yield there if test.exists else Not(there, self._document.place(place))

    def _verified(self, values: tuple[str, ...], path: Path) -> Tree:
        if values in (("true",), ("false",)):
            test = self._predicate("verified", Operator.EXISTS, (), path, "verified")
            return test if values == ("true",) else Not(test, test.place)
        return self._is("verified", values, path, f"verified by {' or '.join(values)}")

    def _attachment(self, test: AttachmentTest, path: Path) -> Tree:
        if test.name or test.type or test.size:
            size = _range(test.size)[0] if test.size else None
            wanted = Attached(_globs(test.name), _globs(test.type), size)
            tests = [_words("name", "glob", test.name)] if test.name else []
            tests += [_words("type", "glob", test.type)] if test.type else []
            tests += [f"size {' and '.join(test.size)}"] if test.size else []
            return self._predicate("attachment", Operator.ATTACHED, (wanted,), path, f"attachment {', '.join(tests)}")
        there = self._predicate("attachment", Operator.EXISTS, (), path, "attachment exists")
        return there if test.exists else Not(there, there.place)

    def _time(self, test: TimeTest, path: Path) -> Iterator[Tree]:
        own = Window.model_construct(
            test.model_fields_set & {"days", "between", "dates"},
            days=test.days,
            between=test.between,
            dates=test.dates,
        )
        if own.model_fields_set:
            yield self._predicate("received", Operator.WITHIN, (own,), path, f"time {own.words}")
        if test.window:
            yield self._windows(test.window, (*path, "window"))
        if test.not_window:
            yield Not(
                self._windows(test.not_window, (*path, "not_window")), self._document.place((*path, "not_window"))
            )

    def _windows(self, names: tuple[str, ...], path: Path) -> Predicate:
        found = []
        for name in names:
            window = self._book.windows.get(name)
            if isinstance(window, Window):
                found.append(window)
            else:
                known = [*self._book.windows]
                hint = (
                    f"known here: {', '.join(sorted(known)[:20])}"
                    if known
                    else "windows stand in config/windows/*.yaml"
                )
                label = suggest(name, known)
                self._refuse(
                    path, f"there is no window '{name}'", part=name, code="unknown-name", label=label, hint=hint
                )
        return self._predicate("received", Operator.WITHIN, found, path, f"time in {' or '.join(names)}")


_OPERATORS = (
    ("contains", Operator.CONTAINS),
    ("starts_with", Operator.STARTS_WITH),
    ("ends_with", Operator.ENDS_WITH),
    ("glob", Operator.GLOB),
    ("matches", Operator.MATCHES),
)
#: A text has no blanks around it (`View.texts`), so what is sought at its ends has none there either.
_READ = {
    Operator.CONTAINS: fold,
    Operator.STARTS_WITH: lambda value: fold(value).lstrip(),
    Operator.ENDS_WITH: lambda value: fold(value).rstrip(),
    Operator.GLOB: lambda value: fold(value).strip(),
    Operator.MATCHES: complete,
}


def _range(comparisons: tuple[str, ...]) -> tuple[tuple[int | None, int | None]]:
    allowed = intersect(map(read_comparison, comparisons))
    assert allowed is not None  # the schema refused contradictions
    return (allowed,)


def _globs(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fold(value).strip() for value in values)


def _words(field: str, operator: str, values: Iterable[str]) -> str:
    return f"{field} {operator} " + " or ".join(f'"{value}"' for value in values)


def _all(parts: list[Tree]) -> Tree:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _any(parts: Iterable[Tree]) -> Tree:
    found = tuple(parts)
    return found[0] if len(found) == 1 else Any(found)

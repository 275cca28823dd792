"""Conditions, compiled once: asked plainly (`holds`), or asked for the evidence too (`explain`)."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.decision import Evidence
from engine.document import Document, Path
from engine.rules.fold import fold
from engine.rules.schema import AddressTest, Condition, TextTest
from engine.rules.view import SHOWN, View
from engine.rules.words import ANYONE

Test = Callable[[View], bool]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition. `explain` adds to the list what held, up to and including the first that failed."""

    words: str
    holds: Test
    explain: Callable[[View, list[Evidence]], bool]
    found: Callable[[View], str]


def compile_condition(condition: Condition, document: Document, path: Path) -> Matcher:
    """The matcher of the condition that stands at `path`."""
    parts: list[Matcher] = []
    if condition.sender is not None:
        parts += _sender(condition.sender, document.place((*path, "from")))
    if condition.subject is not None:
        parts += _text(condition.subject, "subject", _SUBJECT, _subject_found, document.place((*path, "subject")))
    parts += [_compile_inner(each, document, path, "all", i) for i, each in enumerate(condition.all)]
    if condition.any:
        parts.append(any_of([_compile_inner(each, document, path, "any", i) for i, each in enumerate(condition.any)]))
    for i, each in enumerate(condition.not_):
        parts.append(negate(_compile_inner(each, document, path, "not", i), document.place((*path, "not", i))))
    return parts[0] if len(parts) == 1 else all_of(parts)


def _compile_inner(condition: Condition, document: Document, path: Path, key: str, index: int) -> Matcher:
    inner: Path = (*path, key, index)
    return compile_condition(condition, document, inner if inner in document.values else (*path, key))


def all_of(parts: list[Matcher]) -> Matcher:
    """Holds when all do."""
    tests = [part.holds for part in parts]
    explains = [part.explain for part in parts]

    def holds(view: View) -> bool:
        for test in tests:  # noqa: SIM110  (a generator would cost as much as the tests)
            if not test(view):
                return False
        return True

    def explain(view: View, out: list[Evidence]) -> bool:
        for each in explains:  # noqa: SIM110  (a generator would cost as much as the tests)
            if not each(view, out):
                return False
        return True

    return Matcher(" and ".join(_bracket(part) for part in parts), holds, explain, _found_by(parts))


def any_of(parts: list[Matcher]) -> Matcher:
    """Holds when one does: the evidence is that one's, or that of all when none does."""
    tests = [part.holds for part in parts]

    def holds(view: View) -> bool:
        return any(test(view) for test in tests)

    def explain(view: View, out: list[Evidence]) -> bool:
        failed: list[Evidence] = []
        for part in parts:
            own: list[Evidence] = []
            if part.explain(view, own):
                out += own
                return True
            failed += own
        out += failed
        return False

    return Matcher(" or ".join(_bracket(part) for part in parts), holds, explain, _found_by(parts))


def negate(part: Matcher, place: str) -> Matcher:
    """Holds when `part` does not."""

    def holds(view: View) -> bool:
        return not part.holds(view)

    return _leaf(f"not {_bracket(part)}", place, holds, part.found)


def _bracket(part: Matcher) -> str:
    return f"({part.words})" if " and " in part.words or " or " in part.words else part.words


def _found_by(parts: list[Matcher]) -> Callable[[View], str]:
    def found(view: View) -> str:
        return " · ".join(dict.fromkeys(part.found(view) for part in parts))[:SHOWN]

    return found


def _leaf(words: str, place: str, test: Test, found: Callable[[View], str]) -> Matcher:
    def explain(view: View, out: list[Evidence]) -> bool:
        holds = test(view)
        out.append(Evidence(words, found(view), holds, place))
        return holds

    return Matcher(words, test, explain, found)


def _sender_found(view: View) -> str:
    return view.sender_found


def _subject_found(view: View) -> str:
    return view.subject_found


_SUBJECT: tuple[Callable[[View], str], ...] = (lambda view: view.subject,)
_WHO: tuple[Callable[[View], str], ...] = (lambda view: view.name, lambda view: view.address)


def _sender(test: AddressTest, place: str) -> list[Matcher]:
    parts = []
    if test.is_:
        parts.append(_leaf(_words("from", "is", test.is_), place, _address_is(test.is_), _sender_found))
    return parts + _operators(test, "from", _WHO, _sender_found, place)


def _text(
    test: TextTest,
    field: str,
    texts: tuple[Callable[[View], str], ...],
    found: Callable[[View], str],
    place: str,
) -> list[Matcher]:
    parts = []
    if test.is_:
        wanted = frozenset(fold(value).strip() for value in test.is_)
        words = _words(field, "is", test.is_)
        parts.append(_leaf(words, place, lambda view: any(get(view).strip() in wanted for get in texts), found))
    return parts + _operators(test, field, texts, found, place)


def _operators(
    test: AddressTest | TextTest,
    field: str,
    texts: tuple[Callable[[View], str], ...],
    found: Callable[[View], str],
    place: str,
) -> list[Matcher]:
    parts = []
    if test.contains:
        parts.append(_leaf(_words(field, "contains", test.contains), place, _contains(test.contains, texts), found))
    if test.starts_with:
        begins = tuple(fold(value) for value in test.starts_with)
        words = _words(field, "starts with", test.starts_with)
        parts.append(_leaf(words, place, lambda view: any(get(view).startswith(begins) for get in texts), found))
    if test.ends_with:
        ends = tuple(fold(value) for value in test.ends_with)
        words = _words(field, "ends with", test.ends_with)
        parts.append(_leaf(words, place, lambda view: any(get(view).endswith(ends) for get in texts), found))
    return parts


def _contains(values: tuple[str, ...], texts: tuple[Callable[[View], str], ...]) -> Test:
    wanted = tuple(fold(value) for value in values)
    if len(wanted) == 1 and len(texts) == 1:
        word, get = wanted[0], texts[0]
        return lambda view: word in get(view)

    def test(view: View) -> bool:
        for get in texts:
            text = get(view)
            for word in wanted:
                if word in text:
                    return True
        return False

    return test


def _address_is(values: tuple[str, ...]) -> Test:
    if ANYONE in values:
        return lambda view: True
    whole = frozenset(form for value in values if value[0] != "@" for form in _forms(value))
    domains = frozenset(form[1:] for value in values if value[0] == "@" for form in _forms(value))

    if not domains:
        return lambda view: view.address in whole

    def test(view: View) -> bool:
        return view.address in whole or not domains.isdisjoint(view.domains)

    return test


def _forms(address: str) -> tuple[str, ...]:
    """An address with its domain as people write it and as mail carries it (``xn--``, RFC 3490)."""
    name, _, domain = address.rpartition("@")
    try:
        carried = domain.encode("idna")
        return address, f"{name}@{carried.decode('ascii')}", f"{name}@{carried.decode('idna')}"
    except UnicodeError:
        return (address,)


def _words(field: str, operator: str, values: tuple[str, ...]) -> str:
    return f"{field} {operator} " + " or ".join(f'"{value}"' for value in values)

"""Sieve's tests -> conditions: RFC 5228 section 5, body (RFC 5173), currentdate (RFC 5260), relational (RFC 5231)."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from engine.importers.sieve_keys import compare_number, look, look_at_address
from engine.importers.sieve_syntax import Node, Number, Tag
from engine.importers.step import UnlikeError
from engine.importers.when import ALWAYS, NEVER, When, all_of, any_of, ask, none_of, there

#: Tags that have a value behind them.
_VALUED = frozenset(
    (
        *("comparator", "count", "value", "zone", "content", "message", "importance", "from", "options", "method"),
        *("id", "flags", "days", "subject", "handle", "addresses", "specialuse", "mailboxid", "seconds"),
    )
)
_MATCHES = ("is", "contains", "matches", "regex")
_COMPARATORS = ("i;ascii-casemap", "i;unicode-casemap", "i;octet", "i;ascii-numeric", "en;ascii-casemap")
_PARTS = ("all", "localpart", "domain", "user", "detail")


class Asked(NamedTuple):
    """The arguments of a command or test, sorted."""

    tags: Mapping[str, tuple[str, ...]]
    given: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]


def sort_arguments(node: Node, names: Mapping[str, str]) -> Asked:
    """Tags with what belongs to them, and the rest. `names` are the variables that are known (RFC 5229)."""
    tags: dict[str, tuple[str, ...]] = {}
    given: list[tuple[str, ...]] = []
    numbers: list[int] = []
    arguments = iter(node.arguments)
    for argument in arguments:
        if isinstance(argument, Tag):
            value = next(arguments, ()) if argument in _VALUED else ()
            tags[str(argument)] = (str(int(value)),) if isinstance(value, Number) else _known(value, node, names)
        elif isinstance(argument, Number):
            numbers.append(int(argument))
        else:
            given.append(_known(argument, node, names))
    return Asked(tags, tuple(given), tuple(numbers))


_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_.]+)\}")


def _known(values: object, node: Node, names: Mapping[str, str]) -> tuple[str, ...]:
    """The strings, the variables in them replaced."""
    if not isinstance(values, tuple):
        raise UnlikeError(f"{node.name}: a tag without its value", node.line)

    def fill(found: re.Match[str]) -> str:
        if found[1].lower() not in names:
            raise UnlikeError(f"the variable {found[0]} is not known before the script runs", node.line)
        return names[found[1].lower()]

    return tuple(_VARIABLE.sub(fill, each) for each in values)


def read_test(node: Node, names: Mapping[str, str]) -> When:
    """The condition that a test means. Raises UnlikeError with its line."""
    read = _TESTS.get(node.name)
    try:
        if read is None:
            raise UnlikeError(f"the test '{node.name}' has no like here", harmless=node.name == "spamtest")
        return read(node, names)
    except UnlikeError as unlike:
        unlike.line = unlike.line or node.line
        raise


def _all(node: Node, names: Mapping[str, str]) -> When:
    """Where one of the tests holds for spam only, all of them together do."""
    parts, failed = _each(node, names)
    if failed:
        worst = next((each for each in failed if each.harmless), failed[0])
        raise UnlikeError(failed[0].reason, failed[0].line, harmless=worst.harmless)
    return all_of(parts)


def _any(node: Node, names: Mapping[str, str]) -> When:
    parts, failed = _each(node, names)
    if failed:
        raise UnlikeError(
            failed[0].reason, failed[0].line, harmless=not parts and all(each.harmless for each in failed)
        )
    return any_of(parts)


def _each(node: Node, names: Mapping[str, str]) -> tuple[list[When], list[UnlikeError]]:
    if not node.tests:
        raise UnlikeError(f"{node.name} without tests")
    parts, failed = [], []
    for test in node.tests:
        try:
            parts.append(read_test(test, names))
        except UnlikeError as unlike:
            failed.append(unlike)
    return parts, failed


def _not(node: Node, names: Mapping[str, str]) -> When:
    if len(node.tests) != 1:
        raise UnlikeError("not stands before one test")
    try:
        return none_of(read_test(node.tests[0], names))
    except UnlikeError as unlike:
        raise UnlikeError(unlike.reason, unlike.line) from None


def _sort(node: Node, names: Mapping[str, str], known: tuple[str, ...]) -> Asked:
    asked = sort_arguments(node, names)
    for tag in asked.tags:
        if tag not in known:
            raise UnlikeError(f"{node.name} :{tag} has no like here")
    for comparator in asked.tags.get("comparator", ()):
        if comparator not in _COMPARATORS:
            raise UnlikeError(f"the comparator '{comparator}' has no like here")
    return asked


_MATCHING = (*_MATCHES, "comparator", "count", "value")


def _two(node: Node, asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(asked.given) != 2:
        raise UnlikeError(f"{node.name} takes two lists of strings")
    return asked.given[0], asked.given[1]


def _match(asked: Asked) -> tuple[str, bool]:
    """The match type, and whether signs must be the same to the last bit."""
    match = next((each for each in _MATCHES if each in asked.tags), "is")
    return match, asked.tags.get("comparator", ("",))[0] == "i;octet"


def _header(node: Node, names: Mapping[str, str]) -> When:
    asked = _sort(node, names, _MATCHING)
    headers, keys = _two(node, asked)
    if "count" in asked.tags:
        return any_of(_count(asked.tags["count"][0], headers, key) for key in keys)
    numeric = asked.tags.get("comparator", ("",))[0] == "i;ascii-numeric"
    match, exactly = _match(asked)
    if numeric or "value" in asked.tags:
        relation = asked.tags.get("value", ("eq",))[0]
        if not numeric or match != "is":
            raise UnlikeError("texts are not put in an order here: :value needs i;ascii-numeric")
        return any_of(compare_number(f"header:{_title(name)}", relation, key) for name in headers for key in keys)
    return any_of(look(_field(name), match, key, exactly=exactly) for name in headers for key in keys)


def _field(header: str) -> str:
    return "subject" if header.lower() == "subject" else f"header:{_title(header)}"


def _title(header: str) -> str:
    return header.title() if header.islower() else header


def _count(relation: str, headers: tuple[str, ...], key: str) -> When:
    """How many there are: only none or some can be asked."""
    some = any_of(there(f"header:{_title(name)}") for name in headers)
    if (relation, key) in (("ge", "1"), ("gt", "0"), ("ne", "0")):
        return some
    if (relation, key) in (("eq", "0"), ("lt", "1"), ("le", "0")):
        return none_of(some)
    raise UnlikeError(f':count "{relation}" "{key}": only none or some can be asked here')


def _address(node: Node, names: Mapping[str, str]) -> When:
    asked = _sort(node, names, (*_MATCHING, *_PARTS))
    headers, keys = _two(node, asked)
    match, exactly = _match(asked)
    if "count" in asked.tags or "value" in asked.tags:
        raise UnlikeError("addresses are not counted here")
    part = next((each for each in _PARTS if each in asked.tags), "all")
    return any_of(
        look_at_address(name.lower(), part, match, key, exactly=exactly) for name in headers for key in keys
    )


def _envelope(node: Node, names: Mapping[str, str]) -> When:
    """The sender is in Return-Path, from the last server (RFC 5321 4.4); the receiver stands nowhere for sure."""
    asked = _sort(node, names, (*_MATCHING, *_PARTS))
    sides, keys = _two(node, asked)
    if any(side.lower() != "from" for side in sides):
        raise UnlikeError(f"envelope {', '.join(sides)}: a mail in a mailbox keeps only its sender (Return-Path)")
    match, exactly = _match(asked)
    part = next((each for each in _PARTS if each in asked.tags), "all")
    if "count" in asked.tags or "value" in asked.tags:
        raise UnlikeError("addresses are not counted here")
    found = []
    for key in keys:
        if key:
            found.append(look_at_address("return-path", part, match, key, exactly=exactly))
        elif match == "is":
            found.append(ask("header:Return-Path", "matches", r"^\s*<\s*>"))
        else:
            found.append(there("header:Return-Path"))
    return any_of(found)


def _exists(node: Node, names: Mapping[str, str]) -> When:
    (headers,) = _sort(node, names, ()).given or ((),)
    if not headers:
        raise UnlikeError("exists takes names of headers")
    return all_of(there(f"header:{_title(name)}") for name in headers)


def _size(node: Node, names: Mapping[str, str]) -> When:
    asked = _sort(node, names, ("over", "under"))
    if len(asked.tags) != 1 or len(asked.numbers) != 1:
        raise UnlikeError("size takes :over or :under and a number")
    sign = ">" if "over" in asked.tags else "<"
    number = asked.numbers[0]
    if number == 0:
        return NEVER if sign == "<" else ALWAYS
    for unit, bytes_ in ((" GiB", 1 << 30), (" MiB", 1 << 20), (" KiB", 1 << 10)):
        if number % bytes_ == 0:
            return {"size": [f"{sign} {number // bytes_}{unit}"]}
    return {"size": [f"{sign} {number}"]}


def _body(node: Node, names: Mapping[str, str]) -> When:
    asked = _sort(node, names, (*_MATCHES, "comparator", "text", "content", "raw"))
    if "raw" in asked.tags:
        raise UnlikeError("body :raw: only what people read is kept of a mail")
    if any(kind.lower() not in ("text", "") for kind in asked.tags.get("content", ())):
        raise UnlikeError(
            f"body :content {', '.join(asked.tags['content'])}: the kinds of text are not told apart here"
        )
    if len(asked.given) != 1:
        raise UnlikeError("body takes one list of strings")
    match, exactly = _match(asked)
    return any_of(look("body", match, key, exactly=exactly) for key in asked.given[0])


def _currentdate(node: Node, names: Mapping[str, str]) -> When:
    """When the script runs is when the mail is received; by the account's clock."""
    asked = _sort(node, names, (*_MATCHES, "comparator", "value"))
    part, keys = _two(node, asked)
    relation = asked.tags.get("value", ("eq",))[0]
    if any(match in asked.tags for match in ("contains", "matches", "regex")) or len(part) != 1:
        raise UnlikeError("currentdate with a pattern has no like here")
    return any_of(_moment(part[0].lower(), relation, key) for key in keys)


_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def _moment(part: str, relation: str, key: str) -> When:
    form = {"weekday": r"[0-6]", "hour": r"[01]\d|2[0-3]", "date": r"\d{4}-\d\d-\d\d"}.get(part)
    if form is None or not re.fullmatch(form, key):
        raise UnlikeError(f"currentdate {part} {key!r} has no like here")
    if relation == "ne":
        return none_of(_moment(part, "eq", key))
    if relation in ("lt", "le"):
        return none_of(_moment(part, {"lt": "ge", "le": "gt"}[relation], key))
    if part == "weekday":
        chosen = {"eq": (key,), "ge": "0123456"[int(key) :], "gt": "0123456"[int(key) + 1 :]}[relation]
        return {"time": {"days": [_DAYS[int(day)] for day in chosen]}} if chosen else NEVER
    if part == "hour":
        hour = int(key)
        start, end = {"eq": (hour, hour + 1), "ge": (hour, 24), "gt": (hour + 1, 24)}[relation]
        if (start, end) == (0, 24):
            return ALWAYS
        return {"time": {"between": [f"{start:02}:00-{end % 24:02}:00"]}} if start < 24 else NEVER
    if relation == "gt":
        return all_of([_moment(part, "ge", key), none_of(_moment(part, "eq", key))])
    return {"time": {"dates": [key if relation == "eq" else f"{key}..9999-12-31"]}}


_TESTS: Mapping[str, Callable[[Node, Mapping[str, str]], When]] = {
    "true": lambda node, names: ALWAYS,
    "false": lambda node, names: NEVER,
    "allof": _all,
    "anyof": _any,
    "not": _not,
    "header": _header,
    "address": _address,
    "envelope": _envelope,
    "exists": _exists,
    "size": _size,
    "body": _body,
    "currentdate": _currentdate,
}

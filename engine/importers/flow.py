"""Rules as YAML that people like to read: short things on one line, quotes where they are needed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.importers.when import PEOPLE
from engine.rules.shorthand import operator as hides_operator

#: As wide as a line may grow, in characters.
_WIDE = 100
#: A word that means itself in every YAML, also in a list; `true` and numbers are text here as everywhere.
_PLAIN = re.compile(r"[^\W_](?:[\w .@/+%=-]*[\w.@/+%=-])?")
_NULLS = frozenset(("null", "Null", "NULL"))
_LONE = {**dict.fromkeys(("subject", "body"), "contains"), **dict.fromkeys((*PEOPLE, "list_id"), "is")}


def block(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    """The lines of a mapping, each setting on its own."""
    pad = " " * indent
    for key, each in value.items():
        if each == [] or each == {}:
            continue
        each = shorten(key, each)
        line = f"{pad}{quote(key)}: {flow(each)}"
        if len(line) <= _WIDE or not isinstance(each, dict | list):
            yield line
            continue
        yield f"{pad}{quote(key)}:"
        yield from block(each, indent + 2) if isinstance(each, dict) else _items(each, indent + 2)


def _items(values: list[Any], indent: int) -> Iterator[str]:
    for each in values:
        line = f"{' ' * indent}- {flow(each)}"
        if len(line) <= _WIDE or not isinstance(each, dict):
            yield line
            continue
        first, *rest = block(each, indent + 2)
        yield f"{' ' * indent}- {first.lstrip()}"
        yield from rest


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(key)}: {flow(shorten(key, each))}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return quote(value)


def shorten(key: str, value: Any) -> Any:
    """A list of one without brackets, and the operator that a setting has by itself left out."""
    if key == "header" and isinstance(value, dict):
        return {name: _lone("is", test) for name, test in value.items()}
    if isinstance(value, dict):
        return _lone(_LONE.get(key, ""), value)
    if isinstance(value, list) and len(value) == 1 and key not in ("all", "any", "rules"):
        return value[0]
    return value


def _lone(operator: str, value: Any) -> Any:
    # a list_id with a wildcard would mean a glob where no operator stands, and "a OR b" is refused there
    if (
        isinstance(value, dict)
        and [*value] == [operator]
        and not any(set(each) & set("*?") or hides_operator(each) for each in value[operator])
    ):
        return shorten("", value[operator])
    return value


def quote(text: object) -> str:
    """A text as a scalar that every YAML reader takes for this text."""
    written = str(text)
    if _PLAIN.fullmatch(written) and written not in _NULLS:
        return written
    if written.isprintable() and ("\\" in written or '"' in written):
        return "'" + written.replace("'", "''") + "'"
    return '"' + "".join(map(_sign, written)) + '"'


def _sign(sign: str) -> str:
    if sign in '\\"':
        return "\\" + sign
    if sign.isprintable():
        return sign
    return f"\\U{ord(sign):08X}" if ord(sign) > 0xFFFF else f"\\u{ord(sign):04X}"


def comment(text: str) -> str:
    """A text as a comment of one line."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in text)

"""Content lines of iCalendar as they were written (RFC 5545 section 3.1), for what a parsed value no longer shows:
that P1D is not PT24H, which rule was asked for, which zone was named."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;[^=;:"]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)', re.DOTALL)
_PARAM = re.compile(r';([^=;:"]+)=((?:"[^"]*"|[^";:])*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMMA = re.compile(r"(?<!\\),")
#: Alarms lie two deep; what is nested deeper is no calendar.
_DEEPEST = 8


class Line(NamedTuple):
    """One property: its name and the names of its parameters in upper case, its value as written, the whole line."""

    name: str
    params: dict[str, str]
    value: str
    text: str


class Part(NamedTuple):
    """One component with its own lines and the components inside it."""

    name: str
    lines: list[Line]
    parts: list["Part"]

    def all(self, name: str) -> list[Line]:
        """The properties of this name, in the order written."""
        return [line for line in self.lines if line.name == name]

    def walk(self) -> Iterator[Line]:
        """Its own properties and those of all that is inside it."""
        yield from self.lines
        for part in self.parts:
            yield from part.walk()

    def first(self, name: str) -> Line | None:
        """The first property of this name."""
        return next((line for line in self.lines if line.name == name), None)

    def value(self, name: str) -> str:
        """The value of the first property of this name, without blanks around it; empty when there is none."""
        line = self.first(name)
        return line.value.strip() if line else ""


def unfold(text: str) -> str:
    """The text with one property a line and LF at each line's end (RFC 5545 section 3.1)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.replace("\n ", "").replace("\n\t", "")


def read_line(text: str) -> Line | None:
    """One unfolded line; None when it is no property at all."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    name, params, value = found.groups()
    named = {key.upper(): given.strip('"') for key, given in _PARAM.findall(params)} if params else {}
    return Line(name.upper(), named, value, text)


def read_text(value: str) -> str:
    """A TEXT value without its escapes (RFC 5545 section 3.3.11)."""
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def read_list(value: str) -> tuple[str, ...]:
    """The TEXT values of a list, which stand between commas that are not escaped."""
    return tuple(text for item in _COMMA.split(value) if (text := read_text(item).strip()))


def read_part(block: str) -> Part:
    """The component that an unfolded block holds, from its BEGIN to its END. Lines that are no property are left out.

    Raises ValueError when no component begins in it, or one lies too deep.
    """
    outer = Part("", [], [])
    open_parts = [outer]
    for text in block.split("\n"):
        line = read_line(text)
        if line is None:
            continue
        if line.name == "BEGIN":
            part = Part(line.value.strip().upper(), [], [])
            if len(open_parts) > _DEEPEST:
                raise ValueError(f"components are nested over {_DEEPEST} deep")
            open_parts[-1].parts.append(part)
            open_parts.append(part)
        elif line.name == "END":
            if len(open_parts) > 1:
                open_parts.pop()
        else:
            open_parts[-1].lines.append(line)
    if not outer.parts:
        raise ValueError("no component begins here")
    return outer.parts[0]

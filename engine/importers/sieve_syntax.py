"""The grammar of Sieve (RFC 5228 section 8): a script's text -> its commands, with their lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.errors import ConfigurationError
from engine.importers.content import wrong

#: Blocks in blocks and tests in tests.
_MOST_DEPTH = 30
#: What tests stand behind; behind anything else they are a forgotten ';'.
_HAVE_TESTS = ("if", "elsif", "not", "allof", "anyof")
_REMEDY = 'a Sieve script is commands like: if header :contains "subject" "x" { stop; }'


class Tag(str):
    """``:contains``, in small letters and without its colon."""


class Number(int):
    """``100K`` is 102400."""


#: A list of strings; one string is a list of one.
Argument = Tag | Number | tuple[str, ...]


@dataclass
class Node:
    """A command or a test. `tests` stand in its brackets or behind it, `block` between its braces."""

    name: str
    line: int
    arguments: list[Argument] = field(default_factory=list)
    tests: list["Node"] = field(default_factory=list)
    block: list["Node"] | None = None
    comments: tuple[str, ...] = ()
    """What stands right before it."""


class _Sign(NamedTuple):
    kind: str
    value: str
    line: int
    comments: tuple[str, ...] = ()


def parse(text: str, file: str) -> list[Node]:
    """The commands of a script. Raises ConfigurationError with the line of what is none."""
    return _Parser(text, file).commands(0, "")


_SIGNS = re.compile(
    r"""(?P<blank>[ \t\n\r\f\v]+)
    |\#(?P<comment>[^\n]*)
    |/\*(?P<long>.*?)\*/
    |(?P<text>text:)[ \t]*(?:\#[^\n]*)?\n(?P<lines>.*?)(?<=\n)\.(?:\n|\Z)
    |"(?P<string>(?:[^"\\]|\\.)*)"
    |:(?P<tag>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9]+[KMGkmg]?)(?![A-Za-z0-9_])
    |(?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    |(?P<mark>[][(){},;])""",
    re.DOTALL | re.VERBOSE,
)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def _split(text: str, file: str) -> Iterator[_Sign]:
    at, line = 0, 1
    comments: list[str] = []
    while at < len(text):
        found = _SIGNS.match(text, at)
        if found is None:
            what = {'"': "a string that never closes", "/": "a comment that never closes"}.get(text[at])
            raise wrong(what or f"no Sieve: {text[at : at + 20].splitlines()[0]!r}", file, line, remedy=_REMEDY)
        kind = found.lastgroup or ""
        if kind == "lines":
            kind = "text"
        if kind in ("comment", "long"):
            comments += [each.strip(" \t*#") for each in found[kind].split("\n")]
        elif kind != "blank":
            value = found["lines"] if kind == "text" else found[kind]
            yield _Sign(kind, value, line, tuple(comments))
            comments = []
        line += text.count("\n", at, found.end())
        at = found.end()
    yield _Sign("end", "the end of the script", line)


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._signs = _split(text, file)
        self._sign = next(self._signs)

    def commands(self, depth: int, closing: str) -> list[Node]:
        """Commands up to the end of the block or of the script."""
        if depth > _MOST_DEPTH:
            raise self._wrong("blocks and tests inside each other without end")
        found: list[Node] = []
        while self._sign.value != closing or self._sign.kind != "mark":
            if self._sign.kind == "end":
                if closing:
                    raise self._wrong(f"the script ends before its '{closing}'")
                return found
            found.append(self._command(depth))
        self._step()
        return found

    def _wrong(self, message: str) -> ConfigurationError:
        return wrong(message, self._file, self._sign.line, remedy=_REMEDY)

    def _step(self) -> _Sign:
        sign = self._sign
        if sign.kind != "end":
            self._sign = next(self._signs)
        return sign

    def _is(self, mark: str) -> bool:
        return self._sign.kind == "mark" and self._sign.value == mark

    def _expect(self, *marks: str) -> str:
        if self._sign.kind != "mark" or self._sign.value not in marks:
            expected = " or ".join(f"'{mark}'" for mark in marks)
            raise self._wrong(f"{expected} must stand here, not {self._sign.value[:20]!r}")
        return self._step().value

    def _command(self, depth: int) -> Node:
        node = self._named(depth)
        if self._expect("{", ";") == "{":
            node.block = self.commands(depth + 1, "}")
        return node

    def _named(self, depth: int) -> Node:
        """An identifier with its arguments and tests."""
        if depth > _MOST_DEPTH:
            raise self._wrong("blocks and tests inside each other without end")
        if self._sign.kind != "word":
            raise self._wrong(f"a command or a test must stand here, not {self._sign.value[:20]!r}")
        sign = self._step()
        node = Node(sign.value.lower(), sign.line, comments=sign.comments)
        while (argument := self._argument()) is not None:
            node.arguments.append(argument)
        if node.name not in _HAVE_TESTS:
            return node
        if self._sign.kind == "word":
            node.tests = [self._named(depth + 1)]
        elif self._is("("):
            self._step()
            node.tests = [self._named(depth + 1)]
            while self._expect(",", ")") == ",":
                node.tests.append(self._named(depth + 1))
        return node

    def _argument(self) -> Argument | None:
        match self._sign.kind:
            case "tag":
                return Tag(self._step().value.lower())
            case "number":
                return self._number()
            case "string" | "text":
                return (self._string(),)
        if not self._is("["):
            return None
        self._step()
        values = []
        if not self._is("]"):
            values.append(self._string())
            while self._is(","):
                self._step()
                values.append(self._string())
        self._expect("]")
        return tuple(values)

    def _number(self) -> Number:
        written = self._sign.value.lower()
        if len(written) > 15:
            raise self._wrong("a number without end")
        self._step()
        unit = _UNITS.get(written[-1], 1)
        return Number(int(written.rstrip("kmg")) * unit)

    def _string(self) -> str:
        sign = self._sign
        if sign.kind == "string":
            self._step()
            return re.sub(r"\\(.)", r"\1", sign.value, flags=re.DOTALL)
        if sign.kind == "text":
            self._step()
            return re.sub(r"^\.\.", ".", sign.value, flags=re.MULTILINE)
        raise self._wrong(f"a string must stand here, not {sign.value[:20]!r}")

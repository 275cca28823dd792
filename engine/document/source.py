"""A file that has been read: plain data in which every scalar is text, and the place of every node."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from engine.document.problem import LIKENESS, Problem, Related, Severity, Span

Path = tuple[str | int, ...]

_SECRET_NAMES = ("password", "passphrase", "secret", "token", "auth_token", "access_token", "api_key", "api_secret")
_SECRET_WORD = re.compile(r"passw|passphrase|passwd|secret|token|api_?key|credential", re.IGNORECASE)
_NO_SECRET = re.compile(r"_(file|command)$", re.IGNORECASE)
_URL_WITH_PASSWORD = re.compile(r"://[^/\s@]*:\S*@")
#: A text inside a correction, as it would end a value that stands in such marks itself.
_QUOTED = re.compile(r"""(\bor )"([^"']*)\"""")
#: The line breaks that YAML 1.1 knows; the parser counts lines by them, so must we.
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def is_secret_name(key: str) -> bool:
    """Whether a setting of this name, or of a name that was meant to be it, holds a secret."""
    if _NO_SECRET.search(key):
        return False
    return bool(_SECRET_WORD.search(key) or get_close_matches(key.lower(), _SECRET_NAMES, 1, LIKENESS))


def may_hold_secret(line: str) -> bool:
    """Whether a raw line, in a file that cannot be parsed, had better not be shown."""
    words = re.findall(r"[\w-]+(?=[\"']?\s*:)", line)
    return any(is_secret_name(word) for word in words) or bool(_URL_WITH_PASSWORD.search(line))


@dataclass
class Document:
    """What `read` makes of a file.

    `data` holds dicts, lists, text and None (``null``, ``~`` or nothing); `values` and `keys` say where each
    stands. `broken` documents have no usable data. Paths in `poisoned` were refused by the reader: what a
    model says about them is only an echo.
    """

    file: str
    text: str = ""
    data: Any = None
    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    poisoned: set[Path] = field(default_factory=set)
    secret_lines: set[int] = field(default_factory=set)
    broken: bool = False

    def __post_init__(self) -> None:
        self.lines = _BREAK.split(self.text)

    def hide(self, path: Path) -> None:
        """Never show the lines of this value: it is a secret."""
        for span in (self.keys.get(path), self.values.get(path)):
            if span is not None:
                self.secret_lines.update(range(span.line, span.end_line + 1))

    def excerpt(self, span: Span) -> str | None:
        """The line a span begins on, unless it may hold a secret."""
        if span.line in self.secret_lines or not 0 < span.line <= len(self.lines):
            return None
        return self.lines[span.line - 1]

    def redact(self, problem: Problem) -> Problem:
        """The problem without the lines that were found, later on, to hold a secret."""
        related = tuple(
            replace(other, excerpt=None)
            if other.file == self.file and other.span.line in self.secret_lines
            else other
            for other in problem.related
        )
        hidden = problem.span.line in self.secret_lines
        return replace(problem, related=related, excerpt=None if hidden else problem.excerpt)

    def span_of(self, path: Path, *, key: bool = False, part: str = "", then: str = "") -> Span:
        """Where a value stands, or its key; of what is not there, the nearest block around it.

        `part` narrows it down to that piece of the value's text (the one that `then` follows), where it
        stands there as it is.
        """
        while path and path not in self.values and path not in self.keys:
            path = path[:-1]
        if key and path in self.keys:
            return self.keys[path]
        span = self.values.get(path, Span())
        found = self._find(part, then, span) if part else None
        if found is not None:
            return found
        if span.end_line == span.line:
            return span
        if path in self.keys:
            return self.keys[path]
        return Span(span.line, span.col, span.line, max(len(self.lines[span.line - 1].rstrip()), span.col) + 1)

    def _find(self, part: str, then: str, span: Span) -> Span | None:
        for number in range(span.line, min(span.end_line, len(self.lines)) + 1):
            line = self.lines[number - 1]
            start = span.col - 1 if number == span.line else 0
            end = span.end_col - 1 if number == span.end_line else len(line)
            at = line.find(part + then, start, end)
            if at >= 0:
                return Span(number, at + 1, number, at + 1 + len(part))
        return None

    def problem(
        self,
        path: Path,
        message: str,
        *,
        key: bool = False,
        part: str = "",
        then: str = "",
        severity: Severity = "error",
        code: str = "",
        label: str = "",
        hint: str = "",
        related: Iterable[Related] = (),
    ) -> Problem:
        """A problem at this path; `key`, `part` and `then` as in `span_of`. It is returned, not kept."""
        span = self.span_of(path, key=key, part=part, then=then)
        if part and self._opens(path) == '"':
            label = _QUOTED.sub(r"\1'\2'", label)
        return Problem(
            message, self.file, span, severity, code, label, hint, tuple(related), excerpt=self.excerpt(span)
        )

    def _opens(self, path: Path) -> str:
        """The character with which a value begins in the file: a quotation mark, where it stands in such."""
        span = self.values.get(path, Span())
        line = self.lines[span.line - 1]
        return line[span.col - 1 : span.col]

    def related(self, path: Path, label: str, *, key: bool = False) -> Related:
        """This path as the second place of a problem, perhaps of another file."""
        span = self.span_of(path, key=key)
        return Related(self.file, span, label, self.excerpt(span))

    def place(self, path: Path, *, key: bool = False) -> str:
        """file:line:column of a path."""
        span = self.span_of(path, key=key)
        return f"{self.file}:{span.line}:{span.col}"


def holds_password(text: str) -> bool:
    """Whether a value is a URL with a password in it."""
    return bool(_URL_WITH_PASSWORD.search(text))

"""The strict YAML reader, and the only door to PyYAML.

Every scalar arrives as text: ``NO``, ``on``, ``22:00`` and ``0475123456`` mean what they look like, and the
model decides what they are. What can make a small file large or mean two things is refused: anchors, aliases,
merge keys, tags, a key given twice.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from engine.document.problem import Problem, Span
from engine.document.source import Document, Path, holds_password, is_secret_name, may_hold_secret
from engine.document.syntax import note_secrets_roughly, syntax_problem

MOST_BYTES = 1_000_000
MOST_NODES = 50_000
MOST_DEPTH = 32

# The C parser where it is there: twenty times faster, the same events.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
# What YAML 1.1 (5.1) calls printable; the parser refuses the rest without a place.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _TooMuchError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read(raw: bytes | str, file: str) -> Document:
    """Read one file's content; `file` is the name that reports show. Never raises for what is in it."""
    text = _decode(raw, file)
    if isinstance(text, Problem):
        return Document(file, problems=[text], broken=True)
    document = Document(file, text)
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        note_secrets_roughly(document)
        _refuse(document, _unprintable(document, unprintable))
        return document
    builder = _Builder(document)
    try:
        document.data = builder.run()
    except yaml.YAMLError as error:
        note_secrets_roughly(document)
        _refuse(document, syntax_problem(document, error))
    except _TooMuchError as error:
        _refuse(document, error.problem)
    document.problems = [document.redact(problem) for problem in document.problems]
    return document


def _refuse(document: Document, problem: Problem) -> None:
    document.problems.append(problem)
    document.data, document.broken = None, True


def _decode(raw: bytes | str, file: str) -> str | Problem:
    if len(raw) > MOST_BYTES:
        return Problem("this file is larger than 1 MB", file, code="too-large", hint="split it into several files")
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, col = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return Problem(
            "this file is not UTF-8 text",
            file,
            Span(line, col, line, col + 1),
            code="encoding",
            hint="save it as UTF-8; the byte here belongs to another encoding",
        )


def _unprintable(document: Document, match: re.Match[str]) -> Problem:
    before = Document("", document.text[: match.start()]).lines
    line, col = len(before), len(before[-1]) + 1
    span = Span(line, col, line, col + 1)
    message = f"a control character (U+{ord(match[0]):04X}) stands here"
    return Problem(message, document.file, span, code="syntax", label="delete it", excerpt=document.excerpt(span))


class _Builder:
    """Turns the parser's events into data, at most MOST_NODES nodes and MOST_DEPTH levels."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = 0

    def run(self) -> Any:
        events: Iterator[Any] = iter(yaml.parse(self.document.text, Loader=_LOADER))
        data: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._report((), _span(event), "a second document begins here", hint="remove the line ---")
                    break
            elif isinstance(event, yaml.NodeEvent):
                data = self._node(event, events, (), 1)
        return data

    def _node(self, event: Any, events: Iterator[Any], path: Path, depth: int) -> Any:
        span = self.document.values[path] = _span(event)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _TooMuchError(self._problem(span, f"this file has more than {MOST_NODES} values", "split it"))
        if depth > MOST_DEPTH:
            raise _TooMuchError(self._problem(span, f"nested more than {MOST_DEPTH} deep", "write it flatter"))
        self._refuse_references(event, path, span)
        if isinstance(event, yaml.AliasEvent):
            return None
        if isinstance(event, yaml.ScalarEvent):
            if holds_password(event.value):
                self.document.hide(path)
            # the C parser says '' where the pure one says None
            return None if not event.style and event.value in _NULL else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path, depth)
        return self._mapping(events, path, depth)

    def _sequence(self, events: Iterator[Any], path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                self._close(path, event)
                break
            found.append(self._node(event, events, (*path, len(found)), depth + 1))
        return found

    def _mapping(self, events: Iterator[Any], path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                self._close(path, event)
                break
            key, inside = self._key(event, events, path, depth, found)
            value = self._node(next(events), events, inside, depth + 1)
            if key is not None:
                found[key] = value
                if is_secret_name(key):
                    self.document.hide(inside)
        return found

    def _key(
        self, event: Any, events: Iterator[Any], path: Path, depth: int, found: dict[str, Any]
    ) -> tuple[str | None, Path]:
        """The key, or None when it is refused and its value must only be passed over; and the value's path."""
        span = _span(event)
        aside = (*path, "", self.nodes)
        if not isinstance(event, yaml.ScalarEvent):
            self._report(path, span, "a setting's name must be plain text")
            if not isinstance(event, yaml.AliasEvent):
                self._node(event, events, aside, depth + 1)
            return None, aside
        name = event.value
        self._refuse_references(event, aside, span)
        if not event.style and name == "<<":
            self._report(path, span, "'<<' (a merge key) is not allowed", hint="write the settings out")
            return None, aside
        inside = (*path, name)
        if name in found:
            first = self.document.related(inside, "first given here", key=True)
            if is_secret_name(name):
                self.document.secret_lines.add(span.line)
            problem = Problem(
                f"'{name}' is given twice",
                self.document.file,
                span,
                code="duplicate-key",
                label="remove one of the two",
                related=(first,),
                excerpt=self.document.excerpt(span),
            )
            self.document.problems.append(problem)
            return None, aside
        self.document.keys[inside] = span
        return name, inside

    def _refuse_references(self, event: Any, path: Path, span: Span) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.document.poisoned.add(path)
            message, hint = "a reference (*name) is not allowed", "write the value out, or put quotes around the text"
        elif event.anchor is not None:
            message, hint = "an anchor (&name) is not allowed", "remove it, or put quotes around the text"
        elif event.tag is not None:
            self.document.poisoned.add(path)
            message, hint = "a tag (!name) is not allowed", "remove it, or put quotes around the text"
        else:
            return
        self._report(path, Span(span.line, span.col, span.line, span.col + 1), message, hint=hint)

    def _close(self, path: Path, event: Any) -> None:
        began = self.document.values[path]
        self.document.values[path] = Span(began.line, began.col, event.end_mark.line + 1, event.end_mark.column + 1)

    def _problem(self, span: Span, message: str, hint: str = "") -> Problem:
        line = self.document.lines[span.line - 1] if span.line <= len(self.document.lines) else ""
        excerpt = None if may_hold_secret(line) else self.document.excerpt(span)
        return Problem(message, self.document.file, span, code="syntax", hint=hint, excerpt=excerpt)

    def _report(self, path: Path, span: Span, message: str, hint: str = "") -> None:
        self.document.problems.append(self._problem(span, message, hint))


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)

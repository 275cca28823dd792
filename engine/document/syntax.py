"""What PyYAML says of a file that is no YAML, in words for someone who does not know its grammar."""

import re
from typing import Any

from engine.document.problem import Problem, Related, Span
from engine.document.source import Document, may_hold_secret

#: What the parser says, in words for someone who does not know YAML's grammar.
_WORDS = (
    ("mapping values are not allowed", "a ': ' stands where no setting can begin"),
    ("could not find expected ':'", "a setting without its ':'"),
    ("did not find expected key", "this line does not fit the lines around it"),
    ("did not find expected '-' indicator", "this line does not fit the list around it"),
    ("block sequence entries are not allowed", "a list cannot begin here"),
    ("did not find expected ',' or ']'", "a '[' that is never closed, or a ',' that is missing"),
    ("did not find expected ',' or '}'", "a '{' that is never closed, or a ',' that is missing"),
    ("found unexpected end of stream", "a quote that is never closed"),
    ("found unknown escape character", "a '\\' that YAML does not know inside double quotes"),
    ("did not find expected node content", "a value is missing or begins with a character that needs quotes"),
)


def note_secrets_roughly(document: Document) -> None:
    """A file that does not parse has no paths: hide what looks like a secret, and the value that may follow it."""
    for number, line in enumerate(document.lines, 1):
        if may_hold_secret(line):
            document.secret_lines.update((number, number + 1))


def syntax_problem(document: Document, error: Exception) -> Problem:
    """The parser's error in our words, at its place, without what may be a secret."""
    said = getattr(error, "problem", None) or getattr(error, "context", None) or "it cannot be read"
    context = getattr(error, "context", None) or ""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    began: Any = getattr(error, "context_mark", None) or mark
    if mark is None:
        return Problem(f"not valid YAML: {said}", document.file, code="syntax")
    related: tuple[Related, ...] = ()
    if "end of stream" in str(said) or "alias" in context or "anchor" in context:
        mark = began
    elif "flow" in context and began.line != mark.line:
        opened = Span(began.line + 1, began.column + 1, began.line + 1, began.column + 2)
        related = (Related(document.file, opened, "opened here", document.excerpt(opened)),)
    span = Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    # a value that began on a secret's line may go on here
    hidden = document.secret_lines & set(range(began.line + 1, mark.line + 2))
    line = document.lines[mark.line] if mark.line < len(document.lines) else ""
    words = next((ours for theirs, ours in _WORDS if theirs in str(said)), str(said))
    if "alias" in context or "anchor" in context:
        words = f"text that begins with {line[mark.column : mark.column + 1]} needs quotes"
    message, hint = _explain(words, line, mark.column)
    excerpt = None if hidden else document.excerpt(span)
    return Problem(message, document.file, span, code="syntax", hint=hint, related=related, excerpt=excerpt)


def _explain(words: str, line: str, column: int) -> tuple[str, str]:
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or line[column : column + 1] == "\t":
        return "a tab stands where YAML wants spaces", "indent with spaces, not with tabs"
    begins = re.search(r"(?:[:-]\s+|^\s*|[\[,]\s*)([*&!%@`])", line)
    if begins:
        return (
            f"text that begins with {begins[1]} needs quotes",
            "put quotes around text that begins with * & ! % @ or `",
        )
    if "comment or line break" in words:  # YAML takes > and | for the beginning of a text of several lines
        return "text that begins with > or | needs quotes", "put quotes around it, as in '> 5 MB'"
    if re.search(r"""["][^"]*\{[^{}"]*\bor ?\"""", line):
        return words, "inside double quotes use single ones: write {subject|or 'none'}"
    if line.count(": ") > 1:
        return words, "text with ': ' in it needs quotes around the whole text"
    return words, "look at the indentation of this line and the one above it, and for quotes that do not match"

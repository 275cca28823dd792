"""What is wrong, where, and what to write instead: the one record behind every report."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning"]

#: Below this likeness a proposal is noise: at 0.6 "parts" was answered with "paper".
LIKENESS = 0.7


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file. Lines and columns count from 1, in characters; the end is exclusive."""

    line: int = 1
    col: int = 1
    end_line: int = 1
    end_col: int = 2


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains a problem: where the twin of a duplicate stands."""

    file: str
    span: Span
    label: str
    excerpt: str | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """One mistake inside a text: the piece of it (and what follows, to find it by), and the correction."""

    part: str
    message: str
    label: str = ""
    hint: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one file. `excerpt` is the line it stands on, None when that line may hold a secret."""

    message: str
    file: str
    span: Span = Span()
    severity: Severity = "error"
    code: str = ""
    label: str = ""
    """Stands under the marked text: usually the correction."""
    hint: str = ""
    """One more sentence of help."""
    related: tuple[Related, ...] = ()
    excerpt: str | None = None

    @property
    def place(self) -> str:
        """file:line:column."""
        return f"{self.file}:{self.span.line}:{self.span.col}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, by file and place."""
    first = {(problem.file, problem.span, problem.message): problem for problem in reversed(list(problems))}
    return sorted(first.values(), key=lambda problem: (problem.file, problem.span, problem.message))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them forbids using the file (a warning does not)."""
    return any(problem.severity == "error" for problem in problems)


def suggest(word: str, known: Iterable[str]) -> str:
    """``did you mean 'subject'?``, or nothing when no known word is near."""
    near = get_close_matches(word, list(known), 1, LIKENESS)
    return f"did you mean '{near[0]}'?" if near else ""

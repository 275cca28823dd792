"""What is wrong, where, and what to write instead: the one record behind every report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
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
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant: known elsewhere so, one slip away, or alike; or nothing."""
    words = list(known)
    elsewhere = [each for each in _ELSEWHERE.get(word.lower().replace("-", "_"), ()) if each in words]
    slips = [each for each in words if is_one_slip(word.lower(), each.lower())]
    # of all slips, two letters in the wrong order are the commonest
    slips.sort(
        key=lambda each: (sorted(word) == sorted(each), SequenceMatcher(None, word, each).ratio()), reverse=True
    )
    return (elsewhere or slips or get_close_matches(word, words, 1, LIKENESS) or [""])[0]


def is_one_slip(written: str, meant: str) -> bool:
    """Whether one letter is too many, lacking, wrong, or swapped with its neighbour (Damerau's four slips)."""
    if written == meant or abs(len(written) - len(meant)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, wanted = written[start:], meant[start:]
    return (
        rest[1:] == wanted[1:]
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
    )


#: What the same thing is called in Sieve, Gmail, Outlook, Python or everyday speech, also Dutch.
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "and": ("all",),
    "allof": ("all",),
    "or": ("any",),
    "anyof": ("any",),
    "unless": ("not",),
    "except": ("not",),
    "if": ("when",),
    "condition": ("when",),
    "conditions": ("when",),
    "then": ("notify",),
    "action": ("notify",),
    "actions": ("notify",),
    "equals": ("is",),
    "eq": ("is",),
    "includes": ("contains",),
    "has": ("contains", "exists"),
    "like": ("glob",),
    "wildcard": ("glob",),
    "regex": ("matches",),
    "regexp": ("matches",),
    "re": ("matches",),
    "begins_with": ("starts_with",),
    "sender": ("from",),
    "recipient": ("any_recipient", "to"),
    "importance": ("priority",),
    "organizer": ("organiser",),
    "summary": ("title",),
    "place": ("location",),
    "message": ("text",),
    "body_text": ("body",),
    "ttl": ("expires_after",),
    "urgent": ("high",),
    "important": ("high",),
    "mail": ("email",),
    "e_mail": ("email",),
    "canceled": ("cancelled",),
    "has_attachment": ("attachment",),
    "has_attachments": ("attachment",),
    "fallback": ("channels",),
    "discard": ("stop",),
    "phone": ("numbers",),
    "mobile": ("numbers",),
    "gsm": ("numbers",),
    "lang": ("language",),
    "timezone": ("zone",),
    "als": ("when",),
    "wanneer": ("when",),
    "dan": ("notify",),
    "regels": ("rules",),
    "naam": ("name",),
    "taal": ("language",),
    "tekst": ("text",),
    "bericht": ("text",),
    "van": ("from",),
    "afzender": ("from",),
    "aan": ("to",),
    "onderwerp": ("subject",),
    "bijlage": ("attachment",),
    "bevat": ("contains",),
    "niet": ("not",),
    "telefoon": ("numbers",),
}

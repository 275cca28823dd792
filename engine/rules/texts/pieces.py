"""Cuts a text into what stands as it is and what stands in braces: one pass, no recursion, whatever is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.rules.texts.fields import find


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of what stands in braces, without the blanks around it."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends; exclusive."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Hole:
    """What stands in braces, cut at its bars: ``{subject|80}`` has the parts ``subject`` and ``80``."""

    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The author's own characters."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with the text, and where in it."""

    start: int
    end: int
    message: str
    label: str = ""
    hint: str = ""
    meant: str = ""
    """``if``, ``else`` or ``end`` where that word was probably meant: one slip of the finger is one mistake."""


_TOKEN = re.compile(r"\{\{|\}\}|[{}]|[^{}]+")
_INSIDE = re.compile(r"""((?:[^{}"']|"[^"]*"|'[^']*')*+)\}""")
_STEP = re.compile(r"""\||"[^"]*"|'[^']*'|[^|"']+""")
_DOUBLED = re.compile(r"\{\{-?([^{}]*)\}\}")
_BLOCK_WORDS = frozenset({"if", "else", "end", "endif", "for", "endfor", "elif", "set"})


def cut(text: str) -> Iterator[Words | Hole | Mistake]:
    """The pieces in order. ``{{`` and ``}}`` are braces of the text itself."""
    at = 0
    while token := _TOKEN.match(text, at):
        piece, at = _piece(text, token[0], at)
        yield piece


def _piece(text: str, sign: str, at: int) -> tuple[Words | Hole | Mistake, int]:
    """The piece that begins here, and where the next one does."""
    if sign == "{{":
        doubled = _DOUBLED.match(text, at)
        if doubled and _looks_meant(doubled[1]):
            return _doubled(doubled), doubled.end()
    if sign in ("{{", "}}"):
        return Words(sign[0], at), at + 2
    if sign == "{":
        return _hole(text, at)
    if sign == "}":
        return _lone(sign, at), at + 1
    return Words(sign, at), at + len(sign)


def _hole(text: str, at: int) -> tuple[Hole | Mistake, int]:
    inside = _INSIDE.match(text, at + 1)
    if inside:
        return Hole(at, inside.end(), tuple(_parts(inside[1], at + 1))), inside.end()
    closing = re.compile(r"[^{}]*\}").match(text, at + 1)
    if closing is None:
        return _lone("{", at), at + 1
    message, label = "a quotation mark here has no second one", 'write the text as in {subject|or "none"}'
    return Mistake(at, closing.end(), message, label), closing.end()


def _lone(brace: str, at: int) -> Mistake:
    return Mistake(at, at + 1, f"a '{brace}' on its own", f"write '{brace * 2}' for a brace")


def _parts(inside: str, start: int) -> Iterator[Part]:
    """What stands between the bars; a bar inside quotation marks is only a sign."""
    begun = 0
    bars = [step.start() for step in _STEP.finditer(inside) if step[0] == "|"]
    for end in (*bars, len(inside)):
        part = inside[begun:end]
        yield Part(part.strip(), start + begun + len(part) - len(part.lstrip()))
        begun = end + 1


def _looks_meant(inside: str) -> bool:
    """Whether doubled braces hold a field or a piece of a program, as in the languages of other programs."""
    head = re.match(r"\s*([\w.-]*\w)", inside)
    known = head is not None and (head[1] in _BLOCK_WORDS or find(head[1]) is not None)
    return known or bool(re.search(r"[(|%*\[]|__", inside))


def _doubled(match: re.Match[str]) -> Mistake:
    inside = match[1].strip(" -")
    label = f"did you mean '{{{inside}}}'?" if find(inside.partition("|")[0].strip()) else ""
    hint = "one brace on each side; {{ and }} are braces of the text itself"
    return Mistake(match.start(), match.end(), "a field with two braces on each side", label, hint)

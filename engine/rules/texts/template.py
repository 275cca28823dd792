"""A text with fields, ready to be filled in for one event and one reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.event import Subject
from engine.rules.texts.clean import clean, first_line, is_blank
from engine.rules.texts.dates import Moment, write
from engine.rules.texts.field import Facts, Field, Reader, Shape
from engine.rules.texts.filters import MOST, Filters
from engine.segments import count, whole

#: The last resort, for what is always there and yet shows nothing: a folder whose name is a blank.
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in braces, with its filters."""

    field: Field
    filters: Filters

    @property
    def longest(self) -> int:
        """The most characters that it becomes, where that is known; 0 where it is not."""
        known = self.filters.form.longest if self.field.shape is Shape.TIME else self.filters.most
        return max(known, len(self.filters.otherwise)) if known else 0

    def write(self, facts: Facts) -> str:
        """What stands there for this event."""
        found = self.field.get(facts)
        if isinstance(found, Moment):
            return write(found, self.filters.form, facts.reader.language)
        text = found if isinstance(found, str) else ""
        text = clean(first_line(text) if self.filters.first_line else text)
        if is_blank(text):
            if self.filters.otherwise:
                return self.filters.otherwise
            text = clean(self.field.default(facts)) if self.field.default else ""
            text = text if not is_blank(text) else _NOTHING
        if self.filters.case:
            text = text.upper() if self.filters.case == "upper" else text.lower()
        return whole(text, self.filters.most).rstrip() if self.filters.most else text


@dataclass(frozen=True, slots=True)
class Choice:
    """``{if field}…{else}…{end}``."""

    field: Field
    then: tuple["Piece", ...]
    otherwise: tuple["Piece", ...]

    def write(self, facts: Facts) -> str:
        """The one branch or the other."""
        found = self.field.get(facts)
        holds = not is_blank(clean(found)) if isinstance(found, str) else bool(found)
        return _join(self.then if holds else self.otherwise, facts)


Piece = str | Slot | Choice


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fields, ready to be filled in."""

    pieces: tuple[Piece, ...]
    longest: int
    """Characters, when every field that has a length is full, the others are empty, and of each choice the branch
    that costs more is taken."""
    fixed: str
    """The author's own characters among them."""

    def render(self, event: Subject, reader: Reader, now: datetime | None = None) -> str:
        """The text for this event and this reader, at most `MOST` characters. Never raises, whatever the event holds.

        `now` is from when ``{in}`` is counted, when that is not the moment for which an appointment asked to be told.
        """
        facts = Facts(event, reader, now or event.happened_at)
        return whole(_join(self.pieces, facts).strip(), MOST).rstrip()


def assemble(pieces: Iterable[Piece]) -> Template:
    """The template of these pieces, measured."""
    all_of_it = tuple(pieces)
    return Template(all_of_it, *_measure(all_of_it))


def _join(pieces: tuple[Piece, ...], facts: Facts) -> str:
    return "".join(piece if isinstance(piece, str) else piece.write(facts) for piece in pieces)


def _measure(pieces: tuple[Piece, ...]) -> tuple[int, str]:
    longest, fixed = 0, ""
    for piece in pieces:
        if isinstance(piece, Slot):
            longest += piece.longest
            continue
        more = (len(piece), piece) if isinstance(piece, str) else _dearest(piece)
        longest, fixed = longest + more[0], fixed + more[1]
    return longest, fixed


def _dearest(choice: Choice) -> tuple[int, str]:
    measures = (_measure(choice.then), _measure(choice.otherwise))
    return max(measures, key=lambda each: (count(each[1] + "x" * (each[0] - len(each[1]))).parts, each[0]))

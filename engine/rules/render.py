"""The text of a message: ``Bank: {subject|80} ({received|HH:mm})``. A closed list of fields, no loops, no calls."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Literal

from engine.document import Flaw, suggest
from engine.event import MailArrived, OccasionDue

#: Longer text cannot be sent anyway (10 parts are 1530 characters).
_MOST = 2000

_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")
_DATE_PIECE = re.compile(r"yyyy|yy|MM|M|dd|d|HH|H|mm|ss|[ :/.,-]+")
_DATE_LETTERS: Mapping[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04d}",
    "yy": lambda at: f"{at.year % 100:02d}",
    "MM": lambda at: f"{at.month:02d}",
    "M": lambda at: str(at.month),
    "dd": lambda at: f"{at.day:02d}",
    "d": lambda at: str(at.day),
    "HH": lambda at: f"{at.hour:02d}",
    "H": lambda at: str(at.hour),
    "mm": lambda at: f"{at.minute:02d}",
    "ss": lambda at: f"{at.second:02d}",
}
_DATE = "yyyy-MM-dd HH:mm"

# Controls (C0, C1, line and paragraph separators) and marks that turn the direction of writing: in a message
# they would forge lines or hide text. Half of a surrogate pair is no character at all.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\\s]+")


def clean(text: str) -> str:
    """What came from a mail, on one line: controls and line breaks become spaces."""
    return _UNSAFE.sub(" ", text[:_MOST]).strip()


def _sender(mail: MailArrived) -> str:
    return (mail.sender.name.strip() or mail.sender.address) if mail.sender else ""


_TEXTS: Mapping[str, Callable[[MailArrived], str]] = {
    "subject": lambda mail: mail.subject,
    "from": _sender,
    "from.name": lambda mail: mail.sender.name if mail.sender else "",
    "from.address": lambda mail: mail.sender.address if mail.sender else "",
}
_TIMES: Mapping[str, Callable[[MailArrived], datetime]] = {"received": lambda mail: mail.arrived_at}

#: Every field that a text may name.
FIELDS = (*_TEXTS, *_TIMES)

#: What a text is about: a mail, an appointment, or either.
Kind = Literal["mail", "occasion", "any"]


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a text is written, and what it may say of where it comes from."""

    language: str
    """An ISO 639 code; what is not known here is read as English."""
    zone: tzinfo
    rule: str = ""
    """The name of the rule."""
    account: str = ""
    """The name of the account."""


_Piece = str | Callable[[MailArrived, tzinfo], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with fields, ready to be filled in."""

    pieces: tuple[_Piece, ...]
    longest: int
    """Characters, when every field that has a length is full and the others are empty."""
    fixed: str
    """The author's own characters."""

    def render(self, event: MailArrived | OccasionDue, reader: Reader) -> str:
        """The text for this event, its times in the reader's zone. Never raises, whatever the event holds."""
        if not isinstance(event, MailArrived):
            return self.fixed
        zone = reader.zone
        return "".join(piece if isinstance(piece, str) else piece(event, zone) for piece in self.pieces).strip()


def parse(text: str, kind: Kind = "mail") -> tuple[Template, list[Flaw]]:
    """The template and all its mistakes; with mistakes the template is not to be used."""
    pieces: list[_Piece] = []
    flaws: list[Flaw] = []
    longest = 0
    for match in _PIECE.finditer(text):
        piece = _read(match[0])
        if isinstance(piece, Flaw):
            then = text[match.end() : match.end() + 10].partition("\n")[0]
            flaws.append(replace(piece, then=then))
            continue
        pieces.append(piece[0])
        longest += piece[1]
    fixed = "".join(piece for piece in pieces if isinstance(piece, str))
    return Template(tuple(pieces), longest, fixed), flaws


def _read(part: str) -> tuple[_Piece, int] | Flaw:
    """One piece and the most characters it is known to have (0 for a field without a length)."""
    if part in ("{{", "}}"):
        return part[0], 1
    if part in ("{", "}"):
        return Flaw(part, f"a '{part}' on its own", f"write '{part * 2}' for a brace")
    if not part.startswith("{"):
        return part, len(part)
    name, bar, form = part[1:-1].partition("|")
    name, form = name.strip(), form.strip()
    if name in _TIMES:
        return _read_time(part, name, form if bar else _DATE)
    if name in _TEXTS:
        return _read_text(part, name, form, bool(bar))
    return Flaw(part, f"unknown field '{name}'", suggest(name, FIELDS), f"known here: {', '.join(FIELDS)}")


def _read_text(part: str, name: str, form: str, cut: bool) -> tuple[_Piece, int] | Flaw:
    get = _TEXTS[name]
    if not cut:
        return lambda mail, zone: clean(get(mail)), 0
    if not re.fullmatch(r"[1-9][0-9]{0,3}", form):
        return Flaw(part, f"write how many characters of {name} to keep", f"like {{{name}|80}}")
    most = int(form)
    return lambda mail, zone: clean(get(mail))[:most].rstrip(), most


def _read_time(part: str, name: str, form: str) -> tuple[_Piece, int] | Flaw:
    letters = list(_date_pieces(form))
    if not form or "".join(letters) != form:
        meant = form.replace("h", "H").replace("D", "d").replace("Y", "y")
        label = f"did you mean '{meant}'?" if meant and "".join(_date_pieces(meant)) == meant else ""
        hint = f"known here: {', '.join(_DATE_LETTERS)} and the signs : / . , -"
        return Flaw(part, f"'{form}' is no form of a time", label, hint)
    get = _TIMES[name]

    def write(mail: MailArrived, zone: tzinfo) -> str:
        at = _in_zone(get(mail), zone)
        return "".join(_DATE_LETTERS[each](at) if each in _DATE_LETTERS else each for each in letters)

    return write, len(form)


def _date_pieces(form: str) -> Iterator[str]:
    at = 0
    while match := _DATE_PIECE.match(form, at):
        yield match[0]
        at = match.end()


def _in_zone(at: datetime, zone: tzinfo) -> datetime:
    try:
        return at.astimezone(zone)
    except OverflowError:  # a year 1 or 9999 that the zone pushes over the edge
        return at


def clock(at: datetime, zone: tzinfo) -> str:
    """HH:mm in a zone."""
    return f"{_in_zone(at, zone):%H:%M}"

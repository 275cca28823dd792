"""One attendee's answer, written into the text of a calendar object: of all its bytes only that line changes.

The server tells the organiser, where it can (RFC 6638 section 3.2.2): a client writes PARTSTAT and nothing else.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.reason import Reason
from engine.sources.calendar.lines import Line, read_line, read_part
from engine.sources.calendar.series import instances
from engine.sources.calendar.split import split

#: A line of content with the lines that it is folded into, and its end (RFC 5545 section 3.1).
_CONTENT = re.compile(rb"[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*(?:\r\n|\r|\n|\Z)")
_FOLD = re.compile(rb"(?:\r\n|\r|\n)[ \t]")
_HEAD = re.compile(r"([A-Za-z0-9-]+)((?:;[^=;:\"]+=(?:\"[^\"]*\"|[^\";:])*)*):", re.DOTALL)
_PARAM = re.compile(r";([^=;:\"]+)=((?:\"[^\"]*\"|[^\";:])*)", re.DOTALL)
#: Octets of a line without its end.
_LONGEST = 75


class RefusedError(Exception):
    """The answer cannot stand in this object, and `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class Wanted(NamedTuple):
    """Whose answer to what."""

    uid: str
    recurrence_id: str
    """Of a changed instance, as `engine.occasion` has it; empty: the whole series, or what is no series."""
    addresses: Collection[str]
    """Under which the attendee is known, in small letters."""
    partstat: str
    zone: str
    """The account's, for times that float."""


def answer(body: bytes, wanted: Wanted) -> bytes:
    """The object with the answer in it; the same bytes when it stands there already.

    An instance of a series is answered alone only where the object has a VEVENT of its own for it; else the whole
    series is.
    Raises RefusedError: there is no such appointment, it is cancelled, or the attendee is not among those asked.
    """
    events = list(_events(body))
    mine = [each for each in events if each.uid == wanted.uid]
    chosen = _choose(body, mine, wanted)
    if chosen is None:
        raise RefusedError(Reason.APPOINTMENT_GONE)
    if chosen.value("STATUS").upper() == "CANCELLED":
        raise RefusedError(Reason.APPOINTMENT_CANCELLED)
    edits = [each for each in chosen.lines if each.line.name == "ATTENDEE" and _is(each.line, wanted.addresses)]
    if not edits:
        raise RefusedError(Reason.RSVP_NOT_ASKED)
    for each in reversed(edits):
        old = body[each.start : each.end]
        body = body[: each.start] + _written(old, each.line.text, wanted.partstat) + body[each.end :]
    return body


class _At(NamedTuple):
    """A line of content and where its bytes are."""

    start: int
    end: int
    line: Line


@dataclass
class _Event:
    """A VEVENT's own lines, those of its alarms left out, and all of its text."""

    start: int
    end: int = 0
    lines: list[_At] = field(default_factory=list)

    def value(self, name: str) -> str:
        return next((each.line.value.strip() for each in self.lines if each.line.name == name), "")

    @property
    def uid(self) -> str:
        return self.value("UID")


def _events(body: bytes) -> Iterator[_Event]:
    inside: list[str] = []
    event = _Event(0)
    for found in _CONTENT.finditer(body):
        line = read_line(_unfolded(found[0]))
        if line is None:
            continue
        name = line.value.strip().upper()
        if line.name == "BEGIN":
            inside.append(name)
            if inside == ["VCALENDAR", "VEVENT"]:
                event = _Event(found.start())
        elif line.name == "END":
            if inside == ["VCALENDAR", "VEVENT"]:
                event.end = found.end()
                yield event
            if inside:
                inside.pop()
        elif inside == ["VCALENDAR", "VEVENT"]:
            event.lines.append(_At(found.start(), found.end(), line))


def _choose(body: bytes, mine: list[_Event], wanted: Wanted) -> _Event | None:
    """The VEVENT of the instance, else the one of the series."""
    changed = [each for each in mine if each.value("RECURRENCE-ID")]
    if wanted.recurrence_id and changed:
        chunk = split(body.decode("utf-8-sig", "replace"))[wanted.uid]
        parts = [read_part(_unfolded(body[each.start : each.end], whole=True)) for each in changed]
        names = instances(chunk, parts, ZoneInfo(wanted.zone))
        for number, each in enumerate(changed):
            if names.get(number) == wanted.recurrence_id:
                return each
    return next((each for each in mine if each not in changed), None)


def _is(line: Line, addresses: Collection[str]) -> bool:
    """Whether the attendee is known under one of these: by the value, or by EMAIL (RFC 7986 section 6.2)."""
    value = line.value.strip().lower()
    known = (value.removeprefix("mailto:"), line.params.get("EMAIL", "").strip().lower().removeprefix("mailto:"))
    return any(each in addresses for each in known if each)


def _written(old: bytes, text: str, partstat: str) -> bytes:
    """The line with this PARTSTAT, and not asking any more (RSVP, RFC 5545 section 3.2.17)."""
    head = _HEAD.match(text)
    assert head is not None  # it was read as a line
    params, found = "", False
    for param in _PARAM.finditer(head[2]):
        name = param[1].upper()
        if name == "PARTSTAT":
            params, found = f"{params};{param[1]}={partstat}", True
        elif not (name == "RSVP" and param[2].strip('"').upper() == "TRUE"):
            params += param[0]
    new = f"{head[1]}{params if found else f'{params};PARTSTAT={partstat}'}{text[head.end() - 1 :]}"
    if new == text:
        return old
    ending = re.search(rb"(?:\r\n|\r|\n)?\Z", old)
    return _fold(new, ending[0] if ending else b"", _FOLD.search(old))


def _fold(text: str, ending: bytes, before: re.Match[bytes] | None) -> bytes:
    """Lines of at most 75 octets that break no character."""
    fold = before[0] if before is not None else (ending or b"\r\n") + b" "
    lines: list[bytes] = [b""]
    for sign in text:
        octets = sign.encode("utf-8", "surrogateescape")
        if len(lines[-1]) + len(octets) > _LONGEST - (len(lines) > 1):
            lines.append(b"")
        lines[-1] += octets
    return fold.join(lines) + ending


def _unfolded(raw: bytes, *, whole: bool = False) -> str:
    text = _FOLD.sub(b"", raw).decode("utf-8", "surrogateescape")
    return "\n".join(text.splitlines()) if whole else text.rstrip("\r\n").removeprefix("\ufeff")

"""Cut a calendar into its appointments without parsing them, so that only those that changed are parsed."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from engine.errors import SourceError
from engine.sources.calendar.lines import unfold

#: More appointments than any person's calendar holds; what is larger is refused, not read in part.
MOST_APPOINTMENTS = 20_000
#: What many servers renew at each download and what changes nothing one could tell (RFC 5545 3.8.7). Some renew the
#: UID: it says which appointment this is, not what.
_NOISE = tuple(
    f"{name}{mark}" for name in ("DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "UID") for mark in ":;"
)
_UID = re.compile(r"^UID(?:;[^:\n]*)?:([^\n]*)", re.MULTILINE)
_ALARM = re.compile(r"^BEGIN:VALARM\n.*?^END:VALARM\n?", re.MULTILINE | re.DOTALL)
_SEQUENCE = re.compile(r"^SEQUENCE(?:;[^:\n]*)?:\s*(\d{1,9})", re.MULTILINE)
_TZID = re.compile(r';TZID="?([^";:,\n]+)')
_ZONE_ID = re.compile(r"^TZID(?:;[^:\n]*)?:([^\n]*)", re.MULTILINE)
_SAME = re.compile(r"^(?:SUMMARY|DTSTART|RRULE|RDATE|RECURRENCE-ID)[;:][^\n]*", re.MULTILINE)
_WANTED = re.compile(r"(?:X-WR-TIMEZONE|METHOD|CALSCALE)(?:;[^:]*)?:[ \t]*\S", re.IGNORECASE)
_MARKER = re.compile(r"^(BEGIN|END):[ \t]*(VCALENDAR|VEVENT|VTIMEZONE)[ \t]*$", re.MULTILINE | re.IGNORECASE)


class Chunk(NamedTuple):
    """One appointment: its VEVENT and the VEVENTs of its changed instances, with what they need of their calendar."""

    uid: str
    head: str
    """The calendar's own lines that change how it is read."""
    zones: tuple[str, ...]
    """The VTIMEZONEs that it names."""
    events: tuple[str, ...]
    """In an order that does not depend on the file's, so that neither does the answer."""
    hash: str
    """Changes when something that could be told changes; not with DTSTAMP, LAST-MODIFIED, CREATED, SEQUENCE, UID."""

    @property
    def recurs(self) -> bool:
        """Whether a later window could hold more of it."""
        return any("\nRRULE" in event or "\nRDATE" in event for event in self.events)

    @property
    def content(self) -> str:
        """What it is known by when its server invents a new UID at each fetch: title, start, rule."""
        return _hash(*(line for event in self.events for line in sorted(_SAME.findall(event))))


Chunks = Mapping[str, Chunk]
"""The appointments of a feed by UID."""


def decode(body: bytes) -> str:
    """The text of a feed. Lines are unfolded first: a fold may stand inside a character (RFC 5545 section 3.1)."""
    body = body.replace(b"\r\n ", b"").replace(b"\r\n\t", b"").replace(b"\n ", b"").replace(b"\n\t", b"")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def digest(texts: Iterable[str]) -> str:
    """What a feed's text is known by, so that one that was sent again need not be cut again."""
    return _hash(*texts)


def split(text: str) -> Chunks:
    """The appointments of a calendar, or of several written one after another, by UID.

    Raises SourceError when it is no calendar, ends in the middle, or holds over MOST_APPOINTMENTS: half a calendar
    must not look like one whose other half was cancelled.
    """
    text = unfold(text)
    blocks: defaultdict[str, list[tuple[str, str, tuple[str, ...]]]] = defaultdict(list)
    count = 0
    for calendar in _calendars(text):
        head, zones, events = _cut(calendar)
        count += len(events)
        if count > MOST_APPOINTMENTS:
            raise SourceError(
                f"the calendar holds over {MOST_APPOINTMENTS} appointments",
                remedy="subscribe to a smaller calendar, or one of the coming months",
            )
        for event in events:
            named = tuple(zones[tzid] for tzid in sorted(set(_TZID.findall(event))) if tzid in zones) if zones else ()
            blocks[_uid(event)].append((event, head, named))
    return {uid: _chunk(uid, siblings) for uid, siblings in blocks.items()}


def merge(all_chunks: Iterable[Chunks]) -> Chunks:
    """The appointments of several calendar objects as one feed; of a UID that comes twice, the last is kept."""
    return {uid: chunk for chunks in all_chunks for uid, chunk in chunks.items()}


def _calendars(text: str) -> Iterator[str]:
    begin, count = text.find("BEGIN:VCALENDAR"), 0
    if begin < 0 and (upper := _MARKER.sub(lambda found: f"{found[1]}:{found[2]}".upper(), text)) != text:
        yield from _calendars(upper)
        return
    while begin >= 0:
        end = text.find("\nEND:VCALENDAR", begin)
        if end < 0:
            raise SourceError(
                "the calendar ends in the middle", remedy="the server sent it in part; it is asked again"
            )
        yield text[begin : end + 1]
        begin, count = text.find("BEGIN:VCALENDAR", end), count + 1
    if not count:
        raise SourceError(
            "this is no calendar: it has no BEGIN:VCALENDAR", remedy="look at what the address gives in a browser"
        )


def _cut(calendar: str) -> tuple[str, dict[str, str], list[str]]:
    """(the calendar's own lines that matter, VTIMEZONEs by TZID, VEVENTs)."""
    events = list(_blocks(calendar, "VEVENT"))
    zones = {}
    for block in _blocks(calendar, "VTIMEZONE"):
        if found := _ZONE_ID.search(block):
            zones[found[1].strip().strip('"')] = block
    own = calendar[: calendar.find("\nBEGIN:", 1) + 1]
    head = "".join(f"{line}\n" for line in own.split("\n") if _WANTED.match(line))
    return head, zones, events


def _blocks(calendar: str, name: str) -> Iterator[str]:
    begin_mark, end_mark = f"\nBEGIN:{name}\n", f"\nEND:{name}"
    begin = calendar.find(begin_mark)
    while begin >= 0:
        end = calendar.find(end_mark, begin)
        if end < 0:
            raise SourceError(
                f"the calendar ends in the middle of a {name}", remedy="the calendar's program must mend it"
            )
        end += len(end_mark)
        yield calendar[begin + 1 : end] + "\n"
        begin = calendar.find(begin_mark, end)


def _uid(event: str) -> str:
    """Its UID; one without is known by what it says, because RFC 5545 3.8.4.7 is not obeyed by all."""
    found = _UID.search(event if "BEGIN:VALARM" not in event else _ALARM.sub("", event))
    uid = found[1].strip() if found else ""
    return uid or f"no-uid-{_hash(_quiet(event))}"


def _chunk(uid: str, siblings: list[tuple[str, str, tuple[str, ...]]]) -> Chunk:
    """Its VEVENTs by SEQUENCE, so that which of two versions is newer counts although the number itself is noise."""
    if len(siblings) > 1:
        siblings = sorted(siblings, key=lambda sibling: (_sequence(sibling[0]), _quiet(sibling[0])))
    head = siblings[0][1]
    zones = tuple(dict.fromkeys(zone for _, _, zones in siblings for zone in zones))
    events = tuple(event for event, _, _ in siblings)
    return Chunk(uid, head, zones, events, _hash(head, *zones, *map(_quiet, events)))


def _quiet(text: str) -> str:
    """Without the lines that are noise."""
    return "\n".join([line for line in text.split("\n") if not line.startswith(_NOISE)])


def _sequence(event: str) -> int:
    found = _SEQUENCE.search(event)
    return int(found[1]) if found else -1


def _hash(*texts: str) -> str:
    return blake2b("\0".join(texts).encode(errors="surrogatepass"), digest_size=12).hexdigest()

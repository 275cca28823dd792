"""The occurrences of one appointment in a window of time.

`series` says when an occurrence starts. What follows from a start is reckoned here, in UTC: the end
(RFC 5545 3.8.5.3: of DTEND the exact duration repeats, of DURATION the nominal one) and the alarms.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from engine.event import Address
from engine.occasion import MOST_DESCRIPTION, Alarm, Occasion
from engine.sources.calendar.alarms import Ring, ring
from engine.sources.calendar.hostile import refuse
from engine.sources.calendar.length import shift
from engine.sources.calendar.lines import Line, Part, read_list, read_part, read_text
from engine.sources.calendar.series import Source, aware, in_utc, said, starts
from engine.sources.calendar.split import Chunk
from engine.sources.calendar.trouble import Trouble

#: In one window. More is no appointment but an alarm clock.
MOST_OCCASIONS = 1_000
MOST_PEOPLE = 200
MOST_TITLE = 500
_STATUS: dict[str, Literal["tentative", "cancelled"]] = {"TENTATIVE": "tentative", "CANCELLED": "cancelled"}


class Expanded(NamedTuple):
    """The occurrences of one appointment, by start, cancelled ones included, and what is wrong with it."""

    occasions: tuple[Occasion, ...]
    troubles: tuple[Trouble, ...]


def expand(chunk: Chunk, zone: str, window_start: datetime, window_end: datetime, *, feed: str = "") -> Expanded:
    """The occurrences that touch the window, with their alarms.

    `zone`: the account's, in which whole days and floating times lie. Whatever is wrong is a trouble, never an error:
    one bad appointment does not stop the others.
    """
    what: dict[str, None] = {}

    def report(sentence: str) -> None:
        what[sentence] = None

    try:
        occasions = _expand(chunk, ZoneInfo(zone), (window_start, window_end), feed, report)
    except Exception as error:  # The libraries raise what they like on what people write; each case is one sentence.
        report(f"it cannot be read and is left out: {said(error)}")
        occasions = ()
    return Expanded(occasions, tuple(Trouble(uid=chunk.uid, what=sentence) for sentence in what))


def _expand(
    chunk: Chunk, zone: ZoneInfo, window: tuple[datetime, datetime], feed: str, report: Callable[[str], None]
) -> tuple[Occasion, ...]:
    parts = [read_part(event) for event in chunk.events]
    if problem := refuse(chunk, _lines(chunk, parts)):
        report(problem)
        return ()
    cancelled = "METHOD:CANCEL" in chunk.head.upper().replace(" ", "")
    placed: dict[tuple[str, str, int], tuple[Occasion, list[Ring]]] = {}
    for source, start in starts(chunk, parts, zone, window, report):
        begin, end = _span(source, start, zone)
        if not _touches(begin, end, window):
            continue
        occasion = _occasion(source, begin, end, feed=feed, uid=chunk.uid, cancelled=cancelled)
        rings = ring(source.part, begin, end, report) if occasion.status != "cancelled" else []
        placed.setdefault(occasion.key, (occasion, rings))
    ordered = sorted(placed.values(), key=lambda each: (each[0].starts_at, each[0].recurrence_id))
    if len(ordered) > MOST_OCCASIONS:
        report(f"it occurs {len(ordered)} times in the window; the first {MOST_OCCASIONS} count")
        del ordered[MOST_OCCASIONS:]
    return tuple(_with_alarms(ordered))


def _lines(chunk: Chunk, parts: list[Part]) -> Iterator[Line]:
    for part in parts:
        yield from part.walk()
    for zone in chunk.zones:
        yield from read_part(zone).walk()


def _span(source: Source, start: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of the occurrence at `start`, aware, in the event's own zone."""
    begin = aware(start, zone)
    period = source.periods.get(begin.astimezone(UTC))
    if period is not None:
        ends_at = begin.astimezone(UTC) + period if isinstance(period, timedelta) else aware(period, zone)
    elif source.end is not None and not isinstance(start, datetime):
        ends_at = aware(start + (source.end - source.start), zone)
    elif source.end is not None:
        ends_at = begin.astimezone(UTC) + (in_utc(source.end, zone) - in_utc(source.start, zone))
    elif source.length is not None:
        ends_at = shift(begin, source.length)
    else:
        ends_at = begin if isinstance(start, datetime) else aware(start + timedelta(days=1), zone)
    return begin, max(ends_at, begin, key=lambda at: at.astimezone(UTC)).astimezone(begin.tzinfo)


def _touches(begin: datetime, end: datetime, window: tuple[datetime, datetime]) -> bool:
    """Half-open both; one that takes no time touches by its start."""
    starts_at, ends_at = begin.astimezone(UTC), end.astimezone(UTC)
    return starts_at < window[1] and (ends_at > window[0] or starts_at >= window[0])


def _occasion(source: Source, begin: datetime, end: datetime, *, feed: str, uid: str, cancelled: bool) -> Occasion:
    part = source.part
    organiser = part.first("ORGANIZER")
    return Occasion(
        feed=feed,
        uid=uid,
        recurrence_id=source.recurrence_id,
        starts_at=begin.astimezone(UTC),
        ends_at=end.astimezone(UTC),
        all_day=not isinstance(source.start, datetime),
        title=_plain(part, "SUMMARY"),
        location=_plain(part, "LOCATION"),
        description=read_text(part.value("DESCRIPTION"))[:MOST_DESCRIPTION],
        organiser=_address(organiser) if organiser else None,
        attendees=tuple(_address(line) for line in part.all("ATTENDEE")[:MOST_PEOPLE]),
        asked=tuple(dict.fromkeys(each for line in part.all("ATTENDEE")[:MOST_PEOPLE] for each in _asked(line))),
        categories=tuple(name for line in part.all("CATEGORIES") for name in read_list(line.value)),
        status="cancelled" if cancelled else _STATUS.get(part.value("STATUS").upper(), "confirmed"),
    )


def _plain(part: Part, name: str) -> str:
    """On one line: it becomes part of a short message."""
    return " ".join(read_text(part.value(name)).split())[:MOST_TITLE]


def _address(line: Line) -> Address:
    value = line.value.strip()
    address = value[7:] if value.lower().startswith("mailto:") else value
    return Address(name=line.params.get("CN", ""), address=address.lower())


def _asked(line: Line) -> Iterator[str]:
    """By which addresses an attendee is known whose answer is open."""
    if line.params.get("PARTSTAT", "NEEDS-ACTION").upper() == "NEEDS-ACTION":
        yield _address(line).address
        if email := line.params.get("EMAIL", "").strip():  # beside an address that is none (RFC 7986 section 6.2)
            yield email.lower().removeprefix("mailto:")


def _with_alarms(placed: list[tuple[Occasion, list[Ring]]]) -> Iterator[Occasion]:
    """Each with its alarms. An alarm at an instant of its own rings once, not once for each occurrence of a series:
    with the first that has not ended by then, so that it stays with the same one while the window moves."""
    owner: dict[tuple[str, datetime], int] = {}
    for index, (_, rings) in enumerate(placed):
        for one in rings:
            held = owner.get((one.key, one.at))
            if one.absolute and (held is None or placed[held][0].ends_at < one.at):
                owner[one.key, one.at] = index
    for index, (occasion, rings) in enumerate(placed):
        mine = (one for one in rings if not one.absolute or owner[one.key, one.at] == index)
        alarms = tuple(Alarm(key=one.key, at=one.at) for one in mine)
        yield occasion.model_copy(update={"alarms": alarms}) if alarms else occasion

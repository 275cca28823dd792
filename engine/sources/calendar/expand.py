"""The occurrences of one appointment in a window of time.

recurring_ical_events says when an occurrence starts. What follows from a start is reckoned here, in UTC: the end
(RFC 5545 3.8.5.3: of DTEND the exact duration repeats, of DURATION the nominal one) and the alarms. Only the lines
that say when are handed to the libraries, so that a broken line elsewhere costs nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from engine.event import Address
from engine.occasion import MOST_DESCRIPTION, Alarm, Occasion
from engine.sources.calendar.alarms import Ring, ring
from engine.sources.calendar.hostile import refuse
from engine.sources.calendar.length import Length, read_length, shift
from engine.sources.calendar.lines import Line, Part, read_list, read_part, read_text
from engine.sources.calendar.split import Chunk
from engine.sources.calendar.trouble import Trouble

#: icalendar types each property as any of thirty classes, which says nothing; what is read here is tested by data.
Calendar = Any
Event = Any

#: In one window. More is no appointment but an alarm clock.
MOST_OCCASIONS = 1_000
MOST_PEOPLE = 200
MOST_TITLE = 500
#: How far before the window a recurring appointment may have begun that still lasts in it.
_LONGEST = timedelta(days=366)
_WHEN = frozenset(("DTSTART", "DTEND", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE"))
_MOMENTS = _WHEN - {"RRULE", "SEQUENCE"}
_ONCE = frozenset(("DTSTART", "DTEND", "RECURRENCE-ID", "SEQUENCE"))
#: The number of an event's lines in the chunk, carried through the libraries so that the lines are found again.
_NUMBER = "X-TOCSIN-NUMBER"
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
        report(f"it cannot be read and is left out: {_said(error)}")
        occasions = ()
    return Expanded(occasions, tuple(Trouble(uid=chunk.uid, what=sentence) for sentence in what))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


class _Source(NamedTuple):
    """One VEVENT: its lines, and when it is, as the libraries read it."""

    part: Part
    recurrence_id: str
    start: date
    end: date | None
    length: Length | None
    periods: dict[date, date | timedelta]


def _expand(
    chunk: Chunk, zone: ZoneInfo, window: tuple[datetime, datetime], feed: str, report: Callable[[str], None]
) -> tuple[Occasion, ...]:
    parts = [read_part(event) for event in chunk.events]
    if problem := refuse(chunk, _lines(chunk, parts)):
        report(problem)
        return ()
    calendar = _read(chunk, parts, report)
    sources = _sources(calendar, parts, zone, report)
    cancelled = "METHOD:CANCEL" in chunk.head.upper().replace(" ", "")
    placed: dict[tuple[str, str, int], tuple[Occasion, list[Ring]]] = {}
    for number, start in _starts(calendar, sources, zone, window, report):
        source = sources[number]
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


def _read(chunk: Chunk, parts: list[Part], report: Callable[[str], None]) -> Calendar:
    """What the libraries make of the lines that say when; a zone that cannot be read is left out."""
    from icalendar import Calendar
    from icalendar.timezone import tzp

    def parse(zones: list[str]) -> Calendar:
        # icalendar keeps each zone it has seen under its name; another feed may mean another zone by it.
        tzp.use_default()
        events = "".join(_bare(number, part) for number, part in enumerate(parts))
        head = "BEGIN:VCALENDAR\n" + chunk.head + "".join(zones)
        return Calendar.from_ical(f"{head}{events}END:VCALENDAR\n")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zones = [zone for zone in chunk.zones if not _is_known(read_part(zone).value("TZID"))]
        try:
            calendar = parse(zones)
        except Exception as error:  # As above: a zone may be broken in any way.
            if not zones:
                raise
            report(f"the time zone it brings along cannot be read: {_said(error)}")
            calendar = parse([])
        return _in_its_zone(calendar, report)


def _in_its_zone(calendar: Calendar, report: Callable[[str], None]) -> Calendar:
    """With X-WR-TIMEZONE obeyed: UTC and floating times are meant in that zone, so that they recur by its clock."""
    from x_wr_timezone import to_standard

    name = str(calendar.get("X-WR-TIMEZONE", ""))
    if name and not _is_known(name):
        report(f"the calendar's zone {name[:60]!r} is unknown; its times are taken as they stand")
        calendar.pop("X-WR-TIMEZONE")
    return to_standard(calendar)


def _is_known(tzid: str) -> bool:
    try:
        ZoneInfo(tzid)
    except (ValueError, OSError, KeyError):  # A name may also be a directory or an unreadable path.
        return False
    return True


def _bare(number: int, part: Part) -> str:
    """The event's lines that say when, and its number. DURATION stays out: the libraries would add it wrongly."""
    seen: set[str] = set()
    lines = [f"BEGIN:VEVENT\nUID:one\n{_NUMBER}:{number}\n"]
    for line in part.lines:
        if line.name in _WHEN and line.name not in seen and line.value.strip():
            seen |= {line.name} & _ONCE
            # Some write blanks between the days of a rule, where none may be.
            lines.append((line.text.replace(" ", "") if line.name == "RRULE" else line.text) + "\n")
    return "".join((*lines, "END:VEVENT\n"))


def _sources(
    calendar: Calendar, parts: list[Part], zone: ZoneInfo, report: Callable[[str], None]
) -> dict[int, _Source]:
    """The events by number. What cannot be read is taken out of `calendar`, or with it the event, and reported."""
    sources = {}
    for event in calendar.walk("VEVENT"):
        number = int(event[_NUMBER])
        _mend(event, parts[number], report)
        if "DTSTART" not in event:
            report("it has no start that can be read (DTSTART) and is left out")
            calendar.subcomponents.remove(event)
            continue
        start = event["DTSTART"].dt
        end = _end(start, event.pop("DTEND").dt, zone, report) if "DTEND" in event else None
        length = _length(parts[number], report)
        sources[number] = _Source(parts[number], _recurrence_id(event), start, end, length, _periods(event))
    return sources


def _mend(event: Event, part: Part, report: Callable[[str], None]) -> None:
    """Take out what cannot be read, and say so; say as well which zones nobody knows."""
    for name in list(event):
        values = event[name] if isinstance(event[name], list) else [event[name]]
        good = [value for value in values if name not in _MOMENTS or _moments(value)]
        if len(good) < len(values):
            report(f"its {name} {part.value(name)[:60]!r} cannot be read and is left out")
            event.pop(name)
            if name == "RECURRENCE-ID":
                event.pop("DTSTART", None)
            elif good:
                event[name] = good
        for value in good if name in _MOMENTS else ():
            tzid = value.params.get("TZID")
            if tzid and any(isinstance(one, datetime) and one.tzinfo is None for one in _moments(value)):
                report(f"the zone {str(tzid)[:60]!r} is unknown; its times are taken as the account's own")


def _moments(value: Any) -> list[Any]:
    """The dates, times and periods of a property; none when any of them is none of these."""
    from icalendar.prop import vBroken

    if isinstance(value, vBroken):
        return []
    moments = [one.dt for one in value.dts] if hasattr(value, "dts") else [value.dt]
    return moments if all(isinstance(one, date | tuple) for one in moments) else []


def _end(start: date, end: date, zone: ZoneInfo, report: Callable[[str], None]) -> date | None:
    """DTEND when it can be one."""
    if isinstance(start, datetime) != isinstance(end, datetime):
        report("its start and end are not both days or both times; the end is left out")
        return None
    if _utc(end, zone) < _utc(start, zone):
        report("it ends before it starts; the end is left out")
        return None
    # A whole day that ends on itself is what many programs write for one day.
    return end if isinstance(start, datetime) or end > start else None


def _length(part: Part, report: Callable[[str], None]) -> Length | None:
    """DURATION when it can be one."""
    if not part.value("DURATION"):
        return None
    try:
        length = read_length(part.value("DURATION"))
    except ValueError as error:
        report(f"{error}; the end is left out")
        return None
    return length if length >= Length(0, 0) else None


def _recurrence_id(event: Event) -> str:
    """In one form, whichever zone its server writes it in this time."""
    if "RECURRENCE-ID" not in event:
        return ""
    at = event["RECURRENCE-ID"].dt
    if not isinstance(at, datetime):
        return f"{at:%Y%m%d}"
    return f"{at:%Y%m%dT%H%M%S}" if at.tzinfo is None else f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _periods(event: Event) -> dict[date, date | timedelta]:
    """By their starts, what the single dates given as periods end at or last (RFC 5545 3.3.9)."""
    given = event.get("RDATE", [])
    dates = [one.dt for each in (given if isinstance(given, list) else [given]) for one in each.dts]
    return {one[0]: one[1] for one in dates if isinstance(one, tuple)}


def _starts(
    calendar: Calendar,
    sources: dict[int, _Source],
    zone: ZoneInfo,
    window: tuple[datetime, datetime],
    report: Callable[[str], None],
) -> list[tuple[int, date]]:
    """(number of the event that says what it is, start) of all that may touch the window."""
    from recurring_ical_events import CalendarQuery

    if not calendar.subcomponents:
        return []
    # Whole days and floating times are compared in the zone of the window.
    begin = (window[0] - _LONGEST).astimezone(zone)
    end = (window[1] + timedelta(days=1)).astimezone(zone)
    try:
        found = CalendarQuery(calendar).between(begin, end)
    except Exception:  # As above: a rule may be broken in any way.
        ruled = [event for event in calendar.walk("VEVENT") if "RRULE" in event]
        if not ruled:
            raise
        for event in ruled:
            event.pop("RRULE")
            rule = sources[int(event[_NUMBER])].part.value("RRULE")
            report(f"its rule {rule[:80]!r} cannot be followed; only the dates written besides it count")
        found = CalendarQuery(calendar).between(begin, end)
    return [(int(event[_NUMBER]), event["DTSTART"].dt) for event in found]


def _span(source: _Source, start: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of the occurrence at `start`, aware, in the event's own zone."""
    begin = _aware(start, zone)
    period = source.periods.get(start)
    if period is not None:
        ends_at = begin.astimezone(UTC) + period if isinstance(period, timedelta) else _aware(period, zone)
    elif source.end is not None and not isinstance(start, datetime):
        ends_at = _aware(start + (source.end - source.start), zone)
    elif source.end is not None:
        ends_at = begin.astimezone(UTC) + (_utc(source.end, zone) - _utc(source.start, zone))
    elif source.length is not None:
        ends_at = shift(begin, source.length)
    else:
        ends_at = begin if isinstance(start, datetime) else _aware(start + timedelta(days=1), zone)
    return begin, max(ends_at, begin, key=lambda at: at.astimezone(UTC)).astimezone(begin.tzinfo)


def _aware(at: date, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), zone)
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def _utc(at: date, zone: ZoneInfo) -> datetime:
    return _aware(at, zone).astimezone(UTC)


def _touches(begin: datetime, end: datetime, window: tuple[datetime, datetime]) -> bool:
    """Half-open both; one that takes no time touches by its start."""
    starts_at, ends_at = begin.astimezone(UTC), end.astimezone(UTC)
    return starts_at < window[1] and (ends_at > window[0] or starts_at >= window[0])


def _occasion(source: _Source, begin: datetime, end: datetime, *, feed: str, uid: str, cancelled: bool) -> Occasion:
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

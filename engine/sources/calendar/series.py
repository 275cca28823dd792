"""When an appointment starts, as icalendar and recurring_ical_events read it: their only door.

Only the lines that say when are handed to them, so that a broken line elsewhere costs nothing, and no ends and no
lengths, because they reckon those by the wall clock.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from engine.sources.calendar.length import Length, read_length
from engine.sources.calendar.lines import Part, read_part
from engine.sources.calendar.split import Chunk

#: icalendar types each property as any of thirty classes, which says nothing; what is read here is tested by data.
Calendar = Any
Event = Any

#: A recurring appointment that began longer before the window than this is not looked for, even if it still lasts.
_LONGEST = timedelta(days=366)
_WHEN = frozenset(("DTSTART", "DTEND", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE"))
_MOMENTS = _WHEN - {"RRULE", "SEQUENCE"}
_ONCE = frozenset(("DTSTART", "DTEND", "RECURRENCE-ID", "SEQUENCE"))
#: The number of an event's lines in the chunk, carried through the libraries so that the lines are found again.
_NUMBER = "X-TOCSIN-NUMBER"


class Source(NamedTuple):
    """One VEVENT: its lines, and when it is. Times are aware; a date is a whole day."""

    part: Part
    recurrence_id: str
    start: date
    end: date | None
    length: Length | None
    periods: dict[datetime, date | timedelta]
    """By their starts in UTC, what the single dates given as periods end at or last (RFC 5545 3.3.9)."""


def starts(
    chunk: Chunk, parts: list[Part], zone: ZoneInfo, window: tuple[datetime, datetime], report: Callable[[str], None]
) -> list[tuple[Source, date]]:
    """(the VEVENT that says what it is, start) of all occurrences that may touch the window, in no order.

    `parts`: the lines of the chunk's VEVENTs. `zone`: where whole days and floating times lie. What is left out is
    reported; raises whatever the libraries raise on the rest.
    """
    calendar = _read(chunk, parts, report)
    sources = _sources(calendar, parts, zone, report)
    return [(sources[number], start) for number, start in _starts(calendar, sources, zone, window, report)]


def instances(chunk: Chunk, parts: list[Part], zone: ZoneInfo) -> dict[int, str]:
    """The RECURRENCE-IDs of VEVENTs by their place in `parts`, in the form that occasions have it; what cannot be
    read has none."""
    try:
        found = _sources(_read(chunk, parts, lambda _: None), parts, zone, lambda _: None)
    except Exception:  # The libraries raise what they like on what people write.
        return {}
    return {number: source.recurrence_id for number, source in found.items()}


def aware(at: date, zone: ZoneInfo) -> datetime:
    """Midnight of a day, or a time, in its own zone or, when it floats, in this one."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), zone)
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def in_utc(at: date, zone: ZoneInfo) -> datetime:
    """The same in UTC."""
    return aware(at, zone).astimezone(UTC)


def said(error: Exception) -> str:
    """What a library's error says, on one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


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
            report(f"the time zone it brings along cannot be read: {said(error)}")
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
) -> dict[int, Source]:
    """The events by number. What cannot be read is taken out of `calendar`, or with it the event, and reported."""
    sources = {}
    for event in calendar.walk("VEVENT"):
        number = int(event[_NUMBER])
        _mend(event, parts[number], zone, report)
        if "DTSTART" not in event:
            report("it has no start that can be read (DTSTART) and is left out")
            calendar.subcomponents.remove(event)
            continue
        start = event["DTSTART"].dt
        end = _end(start, event.pop("DTEND").dt, zone, report) if "DTEND" in event else None
        length = _length(parts[number], report)
        sources[number] = Source(parts[number], _recurrence_id(event), start, end, length, _periods(event, zone))
    return sources


def _mend(event: Event, part: Part, zone: ZoneInfo, report: Callable[[str], None]) -> None:
    """Take out what cannot be read, and say so; put floating times into the account's zone, because one time in UTC
    among them would turn all of them into UTC."""
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
            for one in getattr(value, "dts", [value]):
                if isinstance(one.dt, datetime) and one.dt.tzinfo is None:
                    one.dt = one.dt.replace(tzinfo=zone)
                    if tzid := value.params.get("TZID"):
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
    if in_utc(end, zone) < in_utc(start, zone):
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
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _periods(event: Event, zone: ZoneInfo) -> dict[datetime, date | timedelta]:
    given = event.get("RDATE", [])
    dates = [one.dt for each in (given if isinstance(given, list) else [given]) for one in each.dts]
    return {in_utc(one[0], zone): one[1] for one in dates if isinstance(one, tuple)}


def _starts(
    calendar: Calendar,
    sources: dict[int, Source],
    zone: ZoneInfo,
    window: tuple[datetime, datetime],
    report: Callable[[str], None],
) -> list[tuple[int, date]]:
    """(number of the event that says what it is, start) of all that may touch the window."""
    from recurring_ical_events import CalendarQuery

    if len(sources) < 2 and not any("RRULE" in event or "RDATE" in event for event in calendar.walk("VEVENT")):
        return [(number, source.start) for number, source in sources.items()]
    longest = max(_longest(source, zone) for source in sources.values())
    # Whole days and floating times are compared in the zone of the window.
    begin = (window[0] - longest).astimezone(zone)
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


def _longest(source: Source, zone: ZoneInfo) -> timedelta:
    """At least as long as any of its occurrences lasts, and a day more, because days differ in length."""
    lasts = [timedelta(days=1)]
    if source.end is not None:
        lasts.append(in_utc(source.end, zone) - in_utc(source.start, zone))
    if source.length is not None:
        lasts.append(timedelta(days=source.length.days, seconds=source.length.seconds))
    for start, end in source.periods.items():
        lasts.append(end if isinstance(end, timedelta) else in_utc(end, zone) - start)
    return min(max(lasts) + timedelta(days=1), _LONGEST)

"""When the alarms of one occurrence ring (RFC 5545 3.6.6, RFC 9074), reckoned here from the lines as written.

The libraries add a timedelta on the wall clock, so that PT8H over a change of the clock is an hour off, and take a
fresh DTSTAMP for "seen", so that an alarm just due would vanish when the feed is fetched.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.identity import derive
from engine.sources.calendar.length import Length, read_length, shift
from engine.sources.calendar.lines import Line, Part

#: So often one alarm may repeat, and so many alarms one appointment may have; more is a mistake or an attack.
MOST_REPEATS = 50
MOST_ALARMS = 50
_INSTANT = re.compile(r"\d{8}T\d{6}Z?")


class Ring(NamedTuple):
    """One ringing; `absolute`: at an instant of its own, which every occurrence of a series shares."""

    key: str
    at: datetime
    absolute: bool


def ring(event: Part, starts_at: datetime, ends_at: datetime, report: Callable[[str], None]) -> list[Ring]:
    """The ringings of one occurrence in order, without those that somebody has seen (ACKNOWLEDGED).

    `starts_at`, `ends_at`: aware, in the event's own zone, whose days count. `report` takes sentences about alarms
    that cannot be read.
    """
    alarms = [part for part in event.parts if part.name == "VALARM" and part.value("ACTION").upper() != "NONE"]
    if len(alarms) > MOST_ALARMS:
        report(f"it has {len(alarms)} alarms; the first {MOST_ALARMS} count")
    rings: dict[tuple[str, datetime], Ring] = {}
    taken: set[str] = set()
    for alarm in alarms[:MOST_ALARMS]:
        name = _name(alarm, taken)
        taken.add(name)
        try:
            for number, at in enumerate(_times(alarm, starts_at, ends_at)):
                if not _seen(event, alarm, at):
                    key = str(derive("alarm", name, number))
                    rings.setdefault((key, at), Ring(key, at, _is_absolute(alarm)))
        except (ValueError, OverflowError) as error:
            report(f"one of its alarms cannot be read and does not ring: {error}")
    return sorted(rings.values(), key=lambda one: (one.at, one.key))


def _name(alarm: Part, taken: set[str]) -> str:
    """Its UID, unless a sibling has the same (RFC 9074's own example does), or what it says."""
    uid = alarm.value("UID") or alarm.value("X-WR-ALARMUID")
    if uid and uid not in taken:
        return uid
    trigger = alarm.first("TRIGGER")
    related = trigger.params.get("RELATED", "START").upper() if trigger else ""
    return "|".join((alarm.value("TRIGGER"), related, alarm.value("REPEAT"), alarm.value("DURATION")))


def _is_absolute(alarm: Part) -> bool:
    return _INSTANT.fullmatch(alarm.value("TRIGGER").upper()) is not None


def _times(alarm: Part, starts_at: datetime, ends_at: datetime) -> Iterator[datetime]:
    trigger = alarm.first("TRIGGER")
    if trigger is None:
        raise ValueError("it has no TRIGGER")
    if _is_absolute(alarm):
        first = _instant(trigger, starts_at)
    else:
        anchor = ends_at if trigger.params.get("RELATED", "").upper() == "END" else starts_at
        first = shift(anchor, read_length(trigger.value))
    yield first
    repeats = alarm.value("REPEAT")
    if repeats and repeats != "0":
        if not repeats.isdecimal() or int(repeats) > MOST_REPEATS:
            raise ValueError(f"it may repeat {MOST_REPEATS} times, not {repeats[:20]!r}")
        pause = read_length(alarm.value("DURATION"))
        if pause <= Length(0, 0):
            raise ValueError("it repeats after no time at all")
        local = first.astimezone(starts_at.tzinfo)
        for number in range(1, int(repeats) + 1):
            yield shift(local, pause * number)


def _instant(line: Line, starts_at: datetime) -> datetime:
    """In UTC by RFC 5545 3.8.6.3; what is written without Z is in its TZID, or in the event's zone."""
    text = line.value.strip().upper()
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    zone = starts_at.tzinfo
    if tzid := line.params.get("TZID"):
        try:
            zone = ZoneInfo(tzid)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"its TRIGGER is in an unknown zone {tzid[:60]!r}") from None
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=zone).astimezone(UTC)


def _seen(event: Part, alarm: Part, at: datetime) -> bool:
    """RFC 9074 section 6.1, and Thunderbird's own stamp on the event."""
    stamps = [alarm.value("ACKNOWLEDGED").upper(), event.value("X-MOZ-LASTACK").upper()]
    return any(
        at <= datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        for stamp in stamps
        if _INSTANT.fullmatch(stamp) and stamp.endswith("Z")
    )

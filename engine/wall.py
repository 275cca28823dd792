"""Moments and wall clocks: what a clock shows twice in autumn, and never in spring."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of this IANA name; UTC when this machine no longer knows it (the settings checked it once)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def minutes(clock: str) -> int:
    """HH:MM as minutes since midnight; 24:00 is the end of the day."""
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def on(day: date, minute: int) -> datetime:
    """What a clock on the wall shows so many minutes into a day of 24 hours."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def first_at(wall: datetime, zone: tzinfo) -> datetime:
    """The first moment at which a clock shows `wall`, or what comes after the gap that swallows it."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if before >= after:
        return (wall - before).replace(tzinfo=UTC)
    # The clock is put forward somewhere between these two: nobody but the clock itself knows when.
    early, late = ((wall - offset).replace(tzinfo=UTC) for offset in (after, before))
    while late - early > _SECOND:
        middle = early + (late - early) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late


def last_at(wall: datetime, zone: tzinfo) -> datetime:
    """The last moment at which a clock shows `wall`: the second one where it is put back."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return (wall - after).replace(tzinfo=UTC) if before > after else first_at(wall, zone)


def midnight_after(now: datetime, zone: str) -> datetime:
    """When the next day begins."""
    where = zone_of(zone)
    tomorrow = now.astimezone(where).date() + timedelta(days=1)
    return first_at(on(tomorrow, 0), where)

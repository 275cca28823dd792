"""Time zones by name, and moments by their clocks."""

from datetime import datetime, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=1024)
def find_zone(name: str) -> tzinfo:
    """The zone of this IANA name; UTC when this machine no longer knows it (the settings checked it once)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc  # noqa: UP017


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """The moment by the zone's clock; as it is where that falls off the end of the calendar."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at

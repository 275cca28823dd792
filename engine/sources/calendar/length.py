"""A duration as RFC 5545 3.3.6 means it: days are nominal, hours exact. The difference is an hour, twice a year."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_LENGTH = re.compile(r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?")


class Length(NamedTuple):
    """Days by the calendar, then seconds by the clock; both negative for one that goes back."""

    days: int
    seconds: int

    def __mul__(self, times: int) -> "Length":  # type: ignore[override]
        return Length(self.days * times, self.seconds * times)


def read_length(text: str) -> Length:
    """The duration that is written. Raises ValueError when none is."""
    found = _LENGTH.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(f"{text[:40]!r} is no duration")
    sign = -1 if found[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(group or 0) for group in found.groups()[1:])
    return Length(sign * (weeks * 7 + days), sign * (hours * 3600 + minutes * 60 + seconds))


def shift(at: datetime, length: Length) -> datetime:
    """`at` (aware) and the length after it, in UTC: the days by the wall clock of its own zone, then the seconds."""
    days_later = (at.replace(tzinfo=None) + timedelta(days=length.days)).replace(tzinfo=at.tzinfo)
    return days_later.astimezone(UTC) + timedelta(seconds=length.seconds)

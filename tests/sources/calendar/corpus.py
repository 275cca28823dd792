"""The calendars that `icalendar` and `recurring-ical-events` carry in their tests, read where they are installed.

They are not copied, because one of the two is under the LGPL; the lock file pins both by hash, so they are the same
everywhere.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from engine.sources.calendar.split import decode

ZONE = "Europe/Brussels"
_START = re.compile(r"^DTSTART[^:\n]*:(\d{8})", re.MULTILINE)
_EVENT = re.compile(r"^BEGIN:VEVENT.*?^END:VEVENT", re.MULTILINE | re.DOTALL)


class Case(NamedTuple):
    """One file as it is given to be read, and a window that begins before its first appointment."""

    id: str
    text: str
    window: tuple[datetime, datetime]


def cases() -> Iterator[Case]:
    """Every .ics file of the two packages."""
    for package in ("icalendar", "recurring_ical_events"):
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        root = Path(spec.origin).parent
        for path in sorted(root.rglob("*.ics")):
            text = _whole(decode(path.read_bytes()))
            yield Case(f"{package}/{path.relative_to(root)}", text, _window(text))


def _whole(text: str) -> str:
    """Some files hold one component only; it is put into a calendar."""
    if "BEGIN:VCALENDAR" in text or not text.lstrip().startswith("BEGIN:VEVENT"):
        return text
    return f"BEGIN:VCALENDAR\r\n{text.strip()}\r\nEND:VCALENDAR\r\n"


def _window(text: str) -> tuple[datetime, datetime]:
    starts = []
    for event in _EVENT.findall(text.replace("\r\n", "\n")):
        for day in _START.findall(event):
            try:
                starts.append(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC))
            except ValueError:
                continue
    first = min(starts, default=datetime(2026, 11, 22, tzinfo=UTC))
    return first - timedelta(days=2), first + timedelta(days=400)

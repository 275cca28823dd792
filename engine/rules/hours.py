"""Hours and days as people write them: ``22:00-07:00``, ``08:30``, ``mon-fri``."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from engine.document import suggest
from engine.rules.words import one_or_more

#: Monday is 0, as everywhere in the house.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_HOURS = re.compile(rf"({_TIME})\s*[-–]\s*({_TIME}|24:00)")


def read_time(value: str) -> str:
    """A time of the day as HH:MM. Raises ValueError that shows the right form."""
    written = value.strip()
    if not re.fullmatch(_TIME, written):
        raise ValueError("write a time of the day as 08:30, from 00:00 to 23:59")
    return written.rjust(5, "0")


def read_hours(value: str) -> tuple[str, str]:
    """(from, to) as HH:MM; across midnight when the end is the earlier. Raises ValueError."""
    match = _HOURS.fullmatch(value.strip())
    if match is None:
        raise ValueError("write hours as 22:00-07:00, from 00:00 to 23:59")
    start = match[1].rjust(5, "0")
    end = "00:00" if match[2] == "24:00" else match[2].rjust(5, "0")
    if start == end:
        raise ValueError("these hours begin and end at the same moment")
    return start, end


def read_days(value: Any) -> Any:
    """Days of the week in order, each once: ``mon``, ``mon-fri``, ``[mon, thu]``. Raises ValueError."""
    days: set[int] = set()
    for written in one_or_more(value):
        if not isinstance(written, str):
            return value
        first, dash, last = (part.strip().lower() for part in written.partition("-"))
        start = _day(first)
        end = _day(last) if dash else start
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(days))


def _day(name: str) -> int:
    short = name[:3]
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if name not in full and name not in DAYS:
        near = suggest(name, full) or suggest(short, DAYS)
        raise ValueError(f"write days as mon, tue, wed, thu, fri, sat, sun or mon-fri{'; ' + near if near else ''}")
    return DAYS.index(short)


def _hours(value: Any) -> Any:
    return read_hours(value) if isinstance(value, str) else value


def _time(value: Any) -> Any:
    return read_time(value) if isinstance(value, str) else value


#: Fields that read what the functions read.
Time = Annotated[str, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": rf"^{_TIME}$"})]
Hours = Annotated[
    tuple[str, str],
    BeforeValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": rf"^{_TIME} ?- ?({_TIME}|24:00)$"}),
]
Days = Annotated[
    tuple[int, ...],
    BeforeValidator(read_days),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]

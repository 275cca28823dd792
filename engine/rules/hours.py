"""Hours and days as people write them: ``22:00-07:00``, ``08:30``, ``mon-fri``."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.document import suggest
from engine.rules.when.words import one_or_more

#: Monday is 0, as everywhere in the house.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: The first letters of the days in Dutch, German, French and Swedish, where they are not the English ones.
_ELSEWHERE = {
    "ma": "mon", "di": "tue", "wo": "wed", "do": "thu", "vr": "fri", "za": "sat", "zo": "sun", "maa": "mon",
    "din": "tue", "woe": "wed", "don": "thu", "vri": "fri", "zat": "sat", "zon": "sun", "mo": "mon", "mi": "wed",
    "fr": "fri", "sa": "sat", "so": "sun", "die": "tue", "mit": "wed", "fre": "fri", "sam": "sat", "son": "sun",
    "lun": "mon", "mar": "tue", "mer": "wed", "jeu": "thu", "ven": "fri", "dim": "sun", "mån": "mon", "tis": "tue",
    "ons": "wed", "tor": "thu", "lör": "sat", "sön": "sun",
}  # fmt: skip
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_HOURS = re.compile(rf"({_TIME})\s*[-–]\s*({_TIME}|24:00)")


def read_time(value: str) -> str:
    """A time of the day as HH:MM. Raises ValueError that shows the right form."""
    written = value.strip()
    if not re.fullmatch(_TIME, written):
        raise _wrong("write a time of the day as 08:30, from 00:00 to 23:59", written, _TIME)
    return written.rjust(5, "0")


def read_hours(value: str) -> tuple[str, str]:
    """(from, to) as HH:MM; across midnight when the end is the earlier. Raises ValueError."""
    match = _HOURS.fullmatch(value.strip())
    if match is None:
        raise _wrong("write hours as 22:00-07:00, from 00:00 to 24:00", value.strip(), _HOURS)
    start = match[1].rjust(5, "0")
    end = "00:00" if match[2] == "24:00" else match[2].rjust(5, "0")
    if start == end:
        raise ValueError("these hours begin and end at the same moment: leave them out, or switch them off")
    return start, end


def _wrong(message: str, written: str, form: str | re.Pattern[str]) -> PydanticCustomError:
    """With what was meant where it is only the signs that differ: 8.30, 8h30, 08:00..18:00."""
    meant = re.sub(r"(\d)[.h](\d)", r"\1:\2", re.sub(r"\s*(\.\.|to|until|/)\s*", "-", written))
    meant = re.sub(r"(?<![\d:])(\d{1,2})h?(?![\d:])", r"\1:00", meant)
    label = f"did you mean '{meant}'?" if re.fullmatch(form, meant) else ""
    return PydanticCustomError("value_error", message, {"label": label})


def read_days(value: Any) -> Any:
    """Days of the week in order, each once: ``mon``, ``mon-fri``, ``[mon, thu]``. Raises ValueError."""
    days: set[int] = set()
    for written in one_or_more(value):
        if not isinstance(written, str):
            return value
        names = [part.strip().lower() for part in written.split("-")]
        meant = [_near_day(name) for name in names]
        if len(names) > 2 or names != meant:
            label = f"did you mean '{'-'.join(meant)}'?" if all(meant) and len(names) < 3 else ""
            message = "write days as mon, tue, wed, thu, fri, sat, sun or mon-fri"
            raise PydanticCustomError("value_error", message, {"label": label})
        start, end = (DAYS.index(name[:3]) for name in (names[0], names[-1]))
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(days))


def _near_day(name: str) -> str:
    """The day itself, the one that was meant, or nothing."""
    if name in DAYS or name in _FULL_DAYS:
        return name
    if name[:3] in _ELSEWHERE and (len(name) < 4 or name.endswith(("dag", "tag", "di", "woch", "che"))):
        return _ELSEWHERE[name[:3]]
    near = suggest(name, _FULL_DAYS) or suggest(name, DAYS)
    swapped = next((day for day in DAYS if sorted(day) == sorted(name)), "")
    return near.split("'")[1] if near else swapped or (name[:3] if name[:3] in DAYS else "")


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

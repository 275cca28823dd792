"""When to remind of an appointment, as people write it: ``1 day``, ``2 h``, ``18:00 the day before``, ``alarms``."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.document import suggest
from engine.duration import parse
from engine.occasion import Occasion
from engine.rules.hours import read_time
from engine.rules.zone import in_zone
from engine.wall import first_at, minutes, on

#: The word for the alarms that stand in the feed itself.
ALARMS = "alarms"
#: Further ahead than this nobody looks: reminders are planned over a horizon of 35 days.
MOST_DAYS = 30

_DAY = timedelta(days=1)
_CLOCK = re.compile(
    r"(?P<at>\S+) (?:on )?(?:(?P<same>the same day|that day)|(?P<one>the day before)|(?P<days>\d{1,3}) days? before)"
)
_LENGTH = re.compile(r"(?P<length>\d.*?)(?: before| earlier)?")
_NOMINAL = re.compile(r"\d+ ?(d|days?|w|weeks?)")
_FORMS = 'write 1 day, 2 h, 30 min, "18:00 the day before", "07:30 the same day", "18:00 2 days before" or alarms'
_PATTERN = r"^(alarms|\d{1,6} ?[a-z]+( before| earlier)?|\d{1,2}:\d\d .*(day|before))$"


@dataclass(frozen=True, slots=True)
class Offset:
    """One moment to remind at, seen from the start of an appointment; with `alarms`, those of the feed itself."""

    label: str
    """The one way to write it, and so a part of a reminder's identity: ``120 min`` is ``2 h``."""
    days: int = 0
    """By the calendar: the same time on the wall so many days before."""
    before: timedelta = timedelta(0)
    """Exact time."""
    at: str = ""
    """HH:MM on that day; empty: when the appointment starts."""

    def moments(self, occasion: Occasion, zone: tzinfo) -> tuple[tuple[str, datetime], ...]:
        """(label, instant in UTC) of each reminder that this asks for; `zone` is the account's.

        What a clock that is put forward leaves out is the first moment after, what one that is put back shows twice
        is the first. A moment before the beginning of the calendar is no moment.
        """
        if self.label == ALARMS:
            return tuple((f"alarm {alarm.key}", alarm.at) for alarm in occasion.alarms)
        try:
            return ((self.label, self._moment(occasion.starts_at, zone)),)
        except OverflowError:
            return ()

    def _moment(self, starts_at: datetime, zone: tzinfo) -> datetime:
        if not self.days and not self.at:
            return starts_at.astimezone(UTC) - self.before
        wall = in_zone(starts_at, zone).replace(tzinfo=None)
        day = wall.date() - self.days * _DAY
        then = on(day, minutes(self.at)) if self.at else wall.replace(year=day.year, month=day.month, day=day.day)
        return first_at(then.replace(fold=0), zone)


def read_offset(written: str) -> Offset:
    """The offset that is written. Raises with the right forms, and with what was probably meant."""
    text = " ".join(written.lower().split())
    if text == ALARMS:
        return Offset(ALARMS)
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        days = 0 if clock["same"] else 1 if clock["one"] else int(clock["days"])
        return _at(read_time(clock["at"]), _within(days))
    length = _LENGTH.fullmatch(text)
    try:
        if length is not None:
            return _ahead(parse(length["length"]), bool(_NOMINAL.fullmatch(length["length"])))
    except (ValueError, OverflowError) as error:
        if isinstance(error, PydanticCustomError):
            raise
    raise PydanticCustomError("value_error", _FORMS, {"label": _meant(text)})


def _at(at: str, days: int) -> Offset:
    day = ("the same day", "the day before")[days] if days < 2 else f"{days} days before"
    return Offset(f"{at} {day}", days=days, at=at)


def _ahead(length: timedelta, nominal: bool) -> Offset:
    _within(length // _DAY + bool(length % _DAY))
    if nominal:
        days = length // _DAY
        return Offset(f"{days} day{'s' * (days != 1)}", days=days) if days else Offset("0 min")
    whole = int(length.total_seconds())
    size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "min"), (1, "s")) if not whole % size)
    return Offset(f"{whole // size} {unit}" if whole else "0 min", before=length)


def _within(days: int) -> int:
    if days > MOST_DAYS:
        raise PydanticCustomError("value_error", f"a reminder comes at most {MOST_DAYS} days before", {})
    return days


def _meant(text: str) -> str:
    """What is said in other words: only a time, or the feed's alarms."""
    if text in ("alarm", "feed", "default", "own", "valarm", "valarms"):
        return f"did you mean '{ALARMS}'?"
    if re.fullmatch(r"\d{1,2}:\d\d", text):
        return f"on which day? '{text} the same day' or '{text} the day before'"
    return suggest(text, (ALARMS,))


def _validate(value: Any) -> Any:
    return read_offset(value) if isinstance(value, str) else value


#: A setting that reads what `read_offset` reads.
WrittenOffset = Annotated[Offset, BeforeValidator(_validate), WithJsonSchema({"type": "string", "pattern": _PATTERN})]

"""Stretches of time by the clock and the calendar: office hours, weekends, holidays."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from engine.noun import Written
from engine.rules.hours import DAYS, Days, Hours
from engine.rules.when.words import one_or_more

_DATE = r"\d{4}-\d{2}-\d{2}"
_DATES = re.compile(rf"({_DATE})(?:\s*(?:\.\.|–)\s*({_DATE}))?", re.ASCII)

#: The day first, as most of the world writes it.
_THEIRS = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")


def _day_first(found: re.Match[str]) -> str:
    return f"{found[3]}-{found[2].rjust(2, '0')}-{found[1].rjust(2, '0')}"


def read_dates(value: str) -> tuple[date, date]:
    """First and last day, both included: ``2026-12-24..2027-01-02`` or one day. Raises ValueError."""
    form = _DATES.fullmatch(value.strip())
    if form is None:
        meant = _THEIRS.sub(_day_first, re.sub(r"\s+(?:-|to|until|tot|t/m)\s+|\s*–\s*", "..", value.strip()))
        label = f"did you mean '{meant}'?" if _DATES.fullmatch(meant) else ""
        message = "write dates as 2026-12-24..2027-01-02, or one as 2026-12-25"
        raise PydanticCustomError("value_error", message, {"label": label})
    first, last = _date(form[1]), _date(form[2] or form[1])
    if last < first:
        raise ValueError(f"these dates end before they begin: {last} is before {first}")
    return first, last


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text} in the calendar") from None


def _dates(value: Any) -> Any:
    return read_dates(value) if isinstance(value, str) else value


Dates = Annotated[
    tuple[date, date],
    BeforeValidator(_dates),
    WithJsonSchema({"type": "string", "pattern": rf"^{_DATE}( ?\.\. ?{_DATE})?$"}),
]


class Window(Written):
    """A stretch of time that comes again. Several settings must all hold; of a list, one is enough.

    Hours may cross midnight: what is after it still belongs to the day on which they began, so that ``fri`` and
    ``22:00-06:00`` is the night to Saturday.
    """

    days: Days = ()
    between: Annotated[
        tuple[Hours, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=Hours | list[Hours]),
    ] = ()
    """By the account's clock; the end is not included."""
    dates: Annotated[
        tuple[Dates, ...],
        Field(min_length=1),
        BeforeValidator(one_or_more, json_schema_input_type=Dates | list[Dates]),
    ] = ()
    """First and last day, both included."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"say when: {', '.join(type(self).model_fields)}")
        return self

    @property
    def words(self) -> str:
        """As people say it: ``mon, tue 08:00-18:00``."""
        parts = [", ".join(DAYS[day] for day in self.days)] if self.days else []
        parts += [" or ".join("-".join(hours) for hours in self.between)] if self.between else []
        parts += [" or ".join(f"{first}..{last}" for first, last in self.dates)] if self.dates else []
        return " ".join(parts)

    def covers(self, moment: datetime) -> bool:
        """Whether a moment, by the clock that counts, is inside."""
        if not self.between:
            return self._is_day(moment.date())
        clock = f"{moment:%H:%M}"
        for start, end in self.between:
            if start < end or end == "00:00":
                if start <= clock and (clock < end or end == "00:00") and self._is_day(moment.date()):
                    return True
            elif (clock >= start and self._is_day(moment.date())) or (
                clock < end and self._is_day(_day_before(moment))
            ):
                return True
        return False

    def _is_day(self, day: date | None) -> bool:
        return (
            day is not None
            and (not self.days or day.weekday() in self.days)
            and (not self.dates or any(first <= day <= last for first, last in self.dates))
        )


def _day_before(moment: datetime) -> date | None:
    """None before the first day of the calendar."""
    try:
        return moment.date() - timedelta(days=1)
    except OverflowError:
        return None

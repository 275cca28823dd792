"""Lengths of time as people write them: ``90s``, ``15m``, ``2 h``, ``1 day``."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNIT = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_WORD = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d", "week": "w"}
_FORM = re.compile(r"(\d{1,6}) ?([a-z]+?)s?")
_PATTERN = r"^\d{1,6} ?(s|m|h|d|w|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?)$"


def parse(text: str) -> timedelta:
    """Read a length of time. Raises ValueError that shows the right forms."""
    form = _FORM.fullmatch(text.strip().lower()) or _FORM.fullmatch(text.strip().lower() + "s")
    unit = _UNIT.get(_WORD.get(form[2], form[2])) if form else None
    if form is None or unit is None:
        raise ValueError(f"write a length of time as 90s, 15m, 2h or 1 day, not {text!r}")
    return int(form[1]) * unit


def _validate(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


#: A pydantic field that reads what `parse` reads.
Duration = Annotated[timedelta, BeforeValidator(_validate), WithJsonSchema({"type": "string", "pattern": _PATTERN})]

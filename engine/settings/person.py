"""What is written of a person, in account and contact files alike: how they are reached, where, in what language."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from engine import phone
from engine.document import Document, Path, Problem, suggest
from engine.reason import Reason
from engine.rules.limits import WrittenHours
from engine.rules.off import or_off
from engine.rules.shorthand import quiet_hours

Language = Literal["nl", "sv", "fr", "de", "en"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        label = _near_zone(value)
        hint = "write a time zone as Europe/Brussels"
        raise PydanticCustomError(
            "value_error", "there is no such time zone", {"label": label, "hint": hint}
        ) from None
    return value


def _near_zone(value: str) -> str:
    names = {name.lower(): name for name in sorted(available_timezones())}
    wanted = value.lower().replace(" ", "_")
    exact = [name for name in names if name == wanted or name.endswith(f"/{wanted}")]
    near = suggest(exact[0] if exact else wanted, names)
    return re.sub(r"'(.*)'", lambda match: f"'{names[match[1]]}'", near)


def _email(value: str) -> str:
    written = value.strip()
    if re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\W_](?:[\w-]*\.)+[\w-]*[^\W\d_]", written) is None:
        raise ValueError("write one e-mail address, like anna@example.org")
    return written


Zone = Annotated[str, AfterValidator(_zone)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)]
Quiet = Annotated[WrittenHours | None, or_off(WrittenHours, '{between: "22:00-07:00", then: hold}', quiet_hours)]

_NO_REGION = "or name the country of all numbers that are written without one: `region: BE` in engine.yaml"


def read_numbers(
    written: Sequence[str], document: Document, at: Path, region: str | None
) -> tuple[tuple[str, ...], list[Problem]]:
    """Mobile numbers as E.164, and what is wrong with those that are none. `at` is where the list stands."""
    numbers: list[str] = []
    problems: list[Problem] = []
    for index, text in enumerate(written):
        here = (*at, index)
        try:
            number = phone.parse(text, region)
        except ValueError as error:
            hint = _NO_REGION if region is None and text.lstrip("( ").startswith("0") else ""
            problems.append(document.problem(here, str(error), code="number", hint=hint))
            continue
        if not phone.is_mobile(number):
            problems.append(document.problem(here, Reason.NOT_MOBILE.sentence, code="number"))
        elif number in numbers:
            problems.append(document.problem(here, "this number is given twice", code="number"))
        numbers.append(number)
    return tuple(numbers), problems

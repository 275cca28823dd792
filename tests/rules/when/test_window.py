"""A window is a stretch of time by the clock and the calendar."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.rules.when.window import Window, read_dates


def _covers(window: dict[str, Any], moment: str) -> bool:
    return Window.model_validate(window).covers(datetime.fromisoformat(moment))


NIGHT = {"days": "fri", "between": "22:00-06:00"}


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        ({"days": "mon-fri"}, "2026-11-20T23:59", True),
        ({"days": "mon-fri"}, "2026-11-21T00:00", False),
        ({"days": ["sat", "sun"]}, "2026-11-22T12:00", True),
        ({"days": "sat-mon"}, "2026-11-23T12:00", True),
        ({"between": "08:00-18:00"}, "2026-11-20T08:00", True),
        ({"between": "08:00-18:00"}, "2026-11-20T17:59:59", True),
        ({"between": "08:00-18:00"}, "2026-11-20T18:00", False),
        ({"between": "18:00-24:00"}, "2026-11-20T23:59", True),
        ({"between": "18:00-24:00"}, "2026-11-20T00:00", False),
        ({"between": "22:00-07:00"}, "2026-11-20T23:00", True),
        ({"between": "22:00-07:00"}, "2026-11-20T06:59", True),
        ({"between": "22:00-07:00"}, "2026-11-20T07:00", False),
        ({"between": ["08:00-12:00", "13:00-17:00"]}, "2026-11-20T12:30", False),
        ({"between": ["08:00-12:00", "13:00-17:00"]}, "2026-11-20T13:30", True),
        (NIGHT, "2026-11-20T23:00", True),
        (NIGHT, "2026-11-21T05:00", True),
        (NIGHT, "2026-11-20T05:00", False),
        (NIGHT, "2026-11-21T23:00", False),
        ({"dates": "2026-12-24..2027-01-02"}, "2026-12-24T00:00", True),
        ({"dates": "2026-12-24..2027-01-02"}, "2027-01-02T23:59", True),
        ({"dates": "2026-12-24..2027-01-02"}, "2027-01-03T00:00", False),
        ({"dates": ["2026-12-25", "2027-01-01"]}, "2027-01-01T12:00", True),
        ({"dates": "2026-12-31", "between": "22:00-02:00"}, "2027-01-01T01:00", True),
        ({"dates": "2026-12-31", "between": "22:00-02:00"}, "2026-12-31T01:00", False),
        ({"days": "thu", "dates": "2026-12-24..2026-12-30"}, "2026-12-24T12:00", True),
        ({"days": "thu", "dates": "2026-12-25..2026-12-30"}, "2026-12-24T12:00", False),
        ({"between": "22:00-07:00", "days": "sun"}, "0001-01-01T01:00", False),
    ],
)
def test_what_a_window_covers(window: dict[str, Any], moment: str, expected: bool) -> None:
    assert _covers(window, moment) is expected


@pytest.mark.parametrize(
    "utc", ["2026-03-29T00:30+00:00", "2026-03-29T01:30+00:00", "2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00"]
)
def test_the_clock_counts_also_when_it_is_put_forward_or_back(utc: str) -> None:
    local = datetime.fromisoformat(utc).astimezone(ZoneInfo("Europe/Brussels"))
    assert Window.model_validate({"between": "01:00-04:00"}).covers(local)
    assert not Window.model_validate({"between": "04:00-01:00"}).covers(local)


@given(st.datetimes(), st.integers(0, 1439), st.integers(0, 1439))
def test_hours_and_the_other_hours_cover_every_moment_once(moment: datetime, start: int, end: int) -> None:
    if start == end:
        return
    first, second = (f"{each // 60:02}:{each % 60:02}" for each in (start, end))
    inside = Window.model_validate({"between": f"{first}-{second}"}).covers(moment)
    assert inside is not Window.model_validate({"between": f"{second}-{first}"}).covers(moment)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("2026-02-30", "there is no day 2026-02-30 in the calendar"),
        ("2026-12-24..2026-12-01", "these dates end before they begin: 2026-12-01 is before 2026-12-24"),
        ("24/12/2026", "write dates as 2026-12-24..2027-01-02, or one as 2026-12-25"),
        ("2026-12-24-2026-12-25", "write dates as 2026-12-24..2027-01-02, or one as 2026-12-25"),
    ],
)
def test_what_is_no_date_is_answered_with_the_right_form(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_dates(written)


def test_a_window_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="say when: days, between, dates"):
        Window.model_validate({})


def test_a_window_in_words() -> None:
    window = Window.model_validate(
        {"days": "fri-sat", "between": ["08:00-12:00", "13:00-17:00"], "dates": "2026-12-24..2027-01-02"}
    )
    assert window.words == "fri, sat 08:00-12:00 or 13:00-17:00 2026-12-24..2027-01-02"

"""When to remind: what is written, and the instants that come of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from engine.occasion import Alarm, Occasion
from engine.rules.offset import read_offset

ZONES = ("Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago")


def _occasion(starts: datetime, **other: object) -> Occasion:
    return Occasion(
        feed="work",
        uid="u1",
        starts_at=starts,
        ends_at=starts + timedelta(hours=1),
        **other,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("1 day", "1 day"),
        ("1d", "1 day"),
        ("2 Days before", "2 days"),
        ("1 week", "7 days"),
        ("2 h", "2 h"),
        ("120 min", "2 h"),
        ("90m", "90 min"),
        ("24h", "24 h"),
        ("45s", "45 s"),
        ("0m", "0 min"),
        ("0 days", "0 min"),
        ("18:00 the day before", "18:00 the day before"),
        ("18:00 1 day before", "18:00 the day before"),
        ("7:30 on the same day", "07:30 the same day"),
        ("18:00  2 days before", "18:00 2 days before"),
        ("Alarms", "alarms"),
    ],
)
def test_what_means_the_same_has_one_label(written: str, label: str) -> None:
    offset = read_offset(written)
    assert offset.label == label
    assert read_offset(label) == offset


@pytest.mark.parametrize(
    ("written", "says", "label"),
    [
        ("two hours", "write 1 day, 2 h", ""),
        ("", "write 1 day, 2 h", ""),
        ("18:00", "write 1 day, 2 h", "on which day? '18:00 the same day' or '18:00 the day before'"),
        ("alarm", "or alarms", "did you mean 'alarms'?"),
        ("25:00 the day before", "write a time of the day", ""),
        ("8.30 the day before", "write a time of the day", "did you mean '8:30'?"),
        ("40 days", "at most 30 days before", ""),
        ("999999 weeks", "at most 30 days before", ""),
        ("18:00 31 days before", "at most 30 days before", ""),
        ("2 fortnights", "write 1 day, 2 h", ""),
    ],
)
def test_what_is_no_moment_is_refused_with_the_right_form(written: str, says: str, label: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_offset(written)
    assert says in str(refused.value)
    assert (refused.value.context or {}).get("label", "") == label


@pytest.mark.parametrize(
    ("zone", "written", "starts", "expected"),
    [
        # Brussels: clocks go forward on 29 March 2026 at 02:00, back on 25 October at 03:00
        ("Europe/Brussels", "1 day", "2026-03-29T09:00", "2026-03-28T09:00"),
        ("Europe/Brussels", "24 h", "2026-03-29T09:00", "2026-03-28T08:00"),
        ("Europe/Brussels", "1 day", "2026-10-25T09:00", "2026-10-24T09:00"),
        ("Europe/Brussels", "24 h", "2026-10-25T09:00", "2026-10-24T10:00"),
        ("Europe/Brussels", "1 day", "2026-03-30T02:30", "2026-03-29T03:00"),
        ("Europe/Brussels", "02:30 the day before", "2026-03-30T12:00", "2026-03-29T03:00"),
        ("Europe/Brussels", "07:30 the same day", "2026-06-01T11:00", "2026-06-01T07:30"),
        ("Europe/Brussels", "18:00 2 days before", "2026-06-01T00:00", "2026-05-30T18:00"),
        ("Australia/Lord_Howe", "1 day", "2026-10-05T02:10", "2026-10-04T02:30"),
    ],
)
def test_days_are_by_the_clock_on_the_wall_and_hours_are_exact(
    zone: str, written: str, starts: str, expected: str
) -> None:
    where = ZoneInfo(zone)
    begin = datetime.fromisoformat(starts).replace(tzinfo=where)
    [(_, at)] = read_offset(written).moments(_occasion(begin.astimezone(UTC)), where)
    assert at.astimezone(where) == datetime.fromisoformat(expected).replace(tzinfo=where)


def test_hours_are_exact_however_the_start_is_written() -> None:
    starts = datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Brussels"))
    [(_, at)] = read_offset("2 h").moments(_occasion(starts), UTC)
    assert at == datetime(2026, 3, 28, 23, 30, tzinfo=UTC)


def test_what_a_clock_shows_twice_is_the_first() -> None:
    where = ZoneInfo("Europe/Brussels")
    starts = datetime(2026, 10, 26, 2, 30, tzinfo=where)
    [(_, at)] = read_offset("1 day").moments(_occasion(starts), where)
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_alarms_of_the_calendar_are_each_a_moment() -> None:
    starts = datetime(2026, 6, 1, 9, tzinfo=UTC)
    alarms = (Alarm(key="a", at=starts - timedelta(hours=1)), Alarm(key="b", at=starts))
    found = read_offset("alarms").moments(_occasion(starts, alarms=alarms), UTC)
    assert found == (("alarm a", starts - timedelta(hours=1)), ("alarm b", starts))


def test_before_the_calendar_begins_nobody_is_reminded() -> None:
    starts = datetime(1, 1, 1, 1, tzinfo=UTC)
    assert [read_offset(each).moments(_occasion(starts), UTC) for each in ("2 h", "1 day")] == [(), ()]


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.integers(1, 30), st.sampled_from(ZONES))
def test_days_before_it_is_as_late_on_the_wall(starts: datetime, days: int, zone: str) -> None:
    where = ZoneInfo(zone)
    [(_, at)] = read_offset(f"{days} days").moments(_occasion(starts), where)
    wall, then = starts.astimezone(where).replace(tzinfo=None), at.astimezone(where).replace(tzinfo=None)
    # a gap moves it forward by at most an hour; nothing moves it back
    assert timedelta(0) <= then - (wall - timedelta(days=days)) <= timedelta(hours=1)


@given(MOMENTS, st.integers(0, 720), st.sampled_from(ZONES))
def test_hours_before_it_is_exactly_so_long(starts: datetime, hours: int, zone: str) -> None:
    [(_, at)] = read_offset(f"{hours} h").moments(_occasion(starts), ZoneInfo(zone))
    assert starts - at == timedelta(hours=hours)

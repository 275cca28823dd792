"""Quiet hours end when a person's own clock says so, on both days of the year on which it jumps."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.admission.later import Hold
from engine.admission.quiet import check_quiet_hours, goes_by_mail, wait_until, wake_at
from engine.admission.standing import Standing
from engine.notification import Channel, Limits
from engine.quiet import QuietHours
from engine.reason import Reason
from tests.builders import a_notification, a_quote

ZONES = ("Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu")


def _utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _quiet(between: str, then: Literal["hold", "drop", "email"] = "hold") -> QuietHours:
    start, _, end = between.partition("-")
    return QuietHours(start=start, end=end, then=then)


@pytest.mark.parametrize(
    ("between", "zone", "now", "until"),
    [
        pytest.param("22:00-07:00", "Europe/Brussels", "2026-11-22 20:59", None, id="a minute before"),
        pytest.param("22:00-07:00", "Europe/Brussels", "2026-11-22 21:00", "2026-11-23 06:00", id="as they begin"),
        pytest.param("22:00-07:00", "Europe/Brussels", "2026-11-23 05:59", "2026-11-23 06:00", id="after midnight"),
        pytest.param("22:00-07:00", "Europe/Brussels", "2026-11-23 06:00", None, id="as they end"),
        pytest.param("12:30-13:30", "Asia/Kathmandu", "2026-11-23 06:45", "2026-11-23 07:45", id="within one day"),
        pytest.param("00:00-06:00", "UTC", "2026-11-23 00:00", "2026-11-23 06:00", id="from midnight"),
        pytest.param("22:00-24:00", "UTC", "2026-11-23 23:59", "2026-11-24 00:00", id="until midnight"),
        pytest.param("08:00-08:00", "UTC", "2026-11-23 08:00", None, id="no hours at all"),
        pytest.param("00:00-24:00", "UTC", "2026-11-23 08:00", None, id="hours without an end hold nobody for ever"),
        # spring: 02:00 becomes 03:00 at 01:00 UTC
        pytest.param("22:00-07:00", "Europe/Brussels", "2026-03-28 22:00", "2026-03-29 05:00", id="a shorter night"),
        pytest.param(
            "22:00-02:30", "Europe/Brussels", "2026-03-28 23:00", "2026-03-29 01:00", id="the end in the gap"
        ),
        pytest.param("02:30-07:00", "Europe/Brussels", "2026-03-29 00:59", None, id="just before the gap"),
        pytest.param("02:30-07:00", "Europe/Brussels", "2026-03-29 01:00", "2026-03-29 05:00", id="begins after it"),
        pytest.param("02:10-02:50", "Europe/Brussels", "2026-03-29 01:00", None, id="swallowed whole"),
        pytest.param("22:00-02:30", "America/New_York", "2026-03-08 04:00", "2026-03-08 07:00", id="New York's gap"),
        pytest.param("22:00-02:15", "Australia/Lord_Howe", "2026-10-03 15:00", "2026-10-03 15:30", id="half an hour"),
        pytest.param(
            "22:00-00:30", "America/Santiago", "2026-09-06 03:00", "2026-09-06 04:00", id="midnight is left out"
        ),
        # autumn: 03:00 becomes 02:00 at 01:00 UTC
        pytest.param("22:00-07:00", "Europe/Brussels", "2026-10-24 21:00", "2026-10-25 06:00", id="a longer night"),
        pytest.param(
            "22:00-02:30", "Europe/Brussels", "2026-10-25 00:29", "2026-10-25 01:30", id="02:30 comes twice"
        ),
        pytest.param("22:00-02:30", "Europe/Brussels", "2026-10-25 00:45", "2026-10-25 01:30", id="after the first"),
        pytest.param("22:00-02:30", "Europe/Brussels", "2026-10-25 01:30", None, id="at the second"),
        pytest.param("02:30-07:00", "Europe/Brussels", "2026-10-25 00:30", "2026-10-25 06:00", id="from the first"),
        pytest.param("22:00-01:30", "America/New_York", "2026-11-01 05:45", "2026-11-01 06:30", id="New York's fold"),
        pytest.param(
            "22:00-01:45", "Australia/Lord_Howe", "2026-04-04 14:50", "2026-04-04 15:15", id="its half hour"
        ),
        pytest.param("22:00-07:00", "Pacific/Apia", "2011-12-30 09:00", "2011-12-30 17:00", id="a day is left out"),
    ],
)
def test_they_end_by_the_receivers_clock(between: str, zone: str, now: str, until: str | None) -> None:
    assert wake_at(_quiet(between), zone, _utc(now)) == (_utc(until) if until else None)


clocks = st.integers(0, 24 * 60 - 1).map(lambda each: f"{each // 60:02d}:{each % 60:02d}")
moments = st.integers(0, 4 * 366 * 24 * 60).map(lambda each: _utc("2024-01-01 00:00") + timedelta(minutes=each))
JUMPS = (
    "2026-03-29 01:00",
    "2026-10-25 01:00",
    "2026-03-08 07:00",
    "2026-11-01 06:00",
    "2026-10-03 15:30",
    "2026-04-04 15:00",
    "2026-09-06 04:00",
    "2026-04-05 03:00",
)
jumps = st.sampled_from([_utc(each) for each in JUMPS])
near = st.builds(lambda at, minutes: at + timedelta(minutes=minutes), jumps, st.integers(-1500, 1500))


@given(start=clocks, end=clocks, zone=st.sampled_from(ZONES), now=moments | near)
def test_whoever_is_held_is_woken_soon_once_and_when_the_clock_says_so(
    start: str, end: str, zone: str, now: datetime
) -> None:
    quiet = QuietHours(start=start, end=end)
    until = wake_at(quiet, zone, now)
    if until is None:
        shown = f"{now.astimezone(ZoneInfo(zone)):%H:%M}"
        within = start <= shown < end if start <= end else shown >= start or shown < end
        assert not within or start == end
        return
    assert timedelta() < until - now <= timedelta(hours=50)
    assert wake_at(quiet, zone, until) is None
    assert wake_at(quiet, zone, now + (until - now) / 2) == until
    # The clock shows the end, or has just jumped over it.
    after, before = until.astimezone(ZoneInfo(zone)), (until - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    assert f"{after:%H:%M}" == end or after.utcoffset() != before.utcoffset()


NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("then", "channel", "answer", "by_mail", "wait"),
    [
        pytest.param("hold", Channel.SMS, Hold(Reason.QUIET_HOURS, MORNING), False, MORNING, id="hold"),
        pytest.param("hold", Channel.EMAIL, Hold(Reason.QUIET_HOURS, MORNING), False, MORNING, id="hold mail too"),
        pytest.param("drop", Channel.SMS, Reason.QUIET_HOURS, False, MORNING, id="drop"),
        pytest.param("email", Channel.EMAIL, None, True, None, id="a mail goes"),
        pytest.param("email", Channel.SMS, Hold(Reason.QUIET_HOURS, MORNING), True, MORNING, id="no mail: hold"),
    ],
)
def test_what_becomes_of_a_message_is_the_rules_choice(
    then: Literal["hold", "drop", "email"], channel: Channel, answer: object, by_mail: bool, wait: datetime | None
) -> None:
    told = a_notification(limits=Limits(quiet_hours=_quiet("22:00-07:00", then)), channel=channel)
    quote = a_quote().model_copy(update={"channel": channel})
    standing = Standing(account="anna", currency="EUR", zone="Europe/Brussels", now=NIGHT)
    assert check_quiet_hours(told, quote, standing) == answer
    assert goes_by_mail(told, "Europe/Brussels", NIGHT) is by_mail
    assert wait_until(told, "Europe/Brussels", NIGHT) == wait
    there = told.model_copy(update={"zone": "America/New_York"})
    assert check_quiet_hours(there, quote, standing) is None, "the receiver's clock counts, not the account's"

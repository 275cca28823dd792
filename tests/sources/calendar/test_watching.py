"""When a feed that cannot be read is worth a word to its owner, and when it is only a hiccup."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.sources.calendar.watching import State, Watching

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTES, HOURS = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("refusals", "failures", "lasts", "failing"),
    [
        pytest.param(0, 0, None, False, id="well"),
        pytest.param(0, 9, None, False, id="only our store is away"),
        pytest.param(1, 1, 24 * HOURS, False, id="refused once"),
        pytest.param(2, 2, 9 * MINUTES, False, id="a file that is being written"),
        pytest.param(2, 2, 10 * MINUTES, True, id="refused twice"),
        pytest.param(2, 5, 15 * MINUTES, True, id="refused twice, and away between"),
        pytest.param(1, 5, 15 * MINUTES, False, id="refused once, and away since"),
        pytest.param(0, 11, 6 * HOURS - MINUTES, False, id="a night's maintenance"),
        pytest.param(0, 12, 6 * HOURS, True, id="away too long"),
        pytest.param(0, 2, 9 * HOURS, False, id="we slept and have not asked"),
        pytest.param(0, 3, 9 * HOURS, True, id="away, and asked three times"),
        pytest.param(2, 2, -1 * HOURS, False, id="the clock was put back"),
    ],
)
def test_one_bad_look_tells_nobody_and_a_lasting_trouble_does(
    refusals: int, failures: int, lasts: timedelta | None, failing: bool
) -> None:
    since = None if lasts is None else NOW - lasts
    seen = Watching(
        "anna",
        "work",
        "calendar.example:443",
        State.BACKING_OFF,
        NOW,
        failures=failures,
        refusals=refusals,
        failing_since=since,
    )
    assert seen.is_failing(NOW) is failing

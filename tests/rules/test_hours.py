"""Hours and days are read in the forms in which people write them, or answered with the right one."""

import pytest

from engine.rules.hours import read_days, read_hours, read_time


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("22:00-07:00", ("22:00", "07:00")),
        ("8:00 - 18:30", ("08:00", "18:30")),
        ("08:00–18:30", ("08:00", "18:30")),
        ("22:00-24:00", ("22:00", "00:00")),
    ],
)
def test_hours_are_read(written: str, hours: tuple[str, str]) -> None:
    assert read_hours(written) == hours


@pytest.mark.parametrize("written", ["", "22", "22:00", "25:00-07:00", "22:60-07:00", "22:00-22:00", "00:00-24:00"])
def test_other_hours_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        read_hours(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("08.00-18.00", "08:00-18:00"),
        ("8h30-18h00", "8:30-18:00"),
        ("08:00..18:00", "08:00-18:00"),
        ("22-7", "22:00-7:00"),
    ],
)
def test_other_signs_are_answered_with_the_right_ones(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match="hours") as caught:
        read_hours(written)
    assert getattr(caught.value, "context", None) == {"label": f"did you mean '{meant}'?"}


@pytest.mark.parametrize(("written", "time"), [("8:30", "08:30"), ("00:00", "00:00"), (" 23:59 ", "23:59")])
def test_a_time_is_read(written: str, time: str) -> None:
    assert read_time(written) == time


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("mon", (0,)),
        ("Mon-Fri", (0, 1, 2, 3, 4)),
        ("fri-mon", (0, 4, 5, 6)),
        (["sun", "tuesday"], (1, 6)),
        (["mon-tue", "tue - wed"], (0, 1, 2)),
    ],
)
def test_days_are_read_in_order_and_once(written: str | list[str], days: tuple[int, ...]) -> None:
    assert read_days(written) == days


@pytest.mark.parametrize(
    ("written", "label"),
    [("mon-fir", "did you mean 'mon-fri'?"), ("munday", "did you mean 'monday'?"), ("x", ""), ("mon-tue-wed", "")],
)
def test_other_days_are_answered_with_what_was_meant(written: str, label: str) -> None:
    with pytest.raises(ValueError, match="days") as caught:
        read_days(written)
    assert getattr(caught.value, "context", None) == {"label": label}

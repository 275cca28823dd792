"""The breaker, the share and the pace of a provider."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.answer import Answer, Outcome
from engine.health import FIRST_REST, LONGEST_REST, THRESHOLD, Health, State
from engine.reason import Reason
from tests.builders import NOW

SECOND = timedelta(seconds=1)
GOOD = Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
SILENT = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER)
DOWN = Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE)
BUSY = Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY)
NO_SUCH = Answer(outcome=Outcome.REFUSED, reason=Reason.BAD_NUMBER)
LOCKED = Answer(outcome=Outcome.REFUSED, reason=Reason.PROVIDER_AUTH)


def after(*said: Answer, health: Health | None = None, rate: float | None = None) -> Health:
    health = health or Health()
    for each in said:
        health = health.after(each, rate, NOW, NOW)
    return health


@pytest.mark.parametrize("bad", [SILENT, DOWN, LOCKED], ids=["no answer", "unreachable", "our account"])
def test_it_opens_after_so_many_bad_answers_in_a_row(bad: Answer) -> None:
    assert after(*[bad] * (THRESHOLD - 1)).state(NOW) is State.CLOSED
    assert after(*[bad] * THRESHOLD).state(NOW) is State.OPEN


def test_a_good_answer_in_between_begins_the_count_anew() -> None:
    assert after(*[SILENT] * (THRESHOLD - 1), GOOD, *[SILENT] * 2).state(NOW) is State.CLOSED


def test_it_opens_when_most_answers_are_bad_though_one_in_between_is_good() -> None:
    assert after(*[SILENT, SILENT, SILENT, GOOD] * 2, *[SILENT] * 3).state(NOW) is State.OPEN


def test_a_message_that_is_refused_says_nothing_against_the_provider() -> None:
    assert after(*[NO_SUCH] * 50) == Health()


@pytest.mark.parametrize("reason", [Reason.STORE_DOWN, Reason.HELD_UP])
def test_what_kept_us_from_calling_says_nothing_against_the_provider(reason: Reason) -> None:
    assert after(*[Answer(outcome=Outcome.NOT_TAKEN, reason=reason)] * 50) == Health()


def test_a_provider_that_is_well_costs_no_write() -> None:
    health = Health()
    assert health.after(GOOD, None, NOW, NOW) is health


def test_after_a_rest_one_message_tries_and_no_other() -> None:
    opened = after(*[SILENT] * THRESHOLD)
    then = NOW + FIRST_REST
    assert opened.state(then) is State.HALF_OPEN
    tried = opened.trying(then, patience=15 * SECOND)
    assert tried.state(then) is State.OPEN
    assert tried.state(then + 15 * SECOND) is State.HALF_OPEN


def test_each_failed_try_doubles_the_rest_up_to_a_bound() -> None:
    health, now = after(*[SILENT] * THRESHOLD), NOW
    rests = []
    for _ in range(8):
        now += LONGEST_REST
        health = health.trying(now, SECOND).after(SILENT, None, now, now)
        assert health.try_at is not None
        rests.append((health.try_at - now).total_seconds())
    assert rests == [20, 40, 80, 160, 300, 300, 300, 300]


def test_what_was_under_way_when_it_opened_makes_it_no_worse() -> None:
    opened = after(*[SILENT] * THRESHOLD)
    later = NOW + SECOND
    assert opened.after(SILENT, None, NOW - SECOND, later) == opened


def test_one_good_answer_closes_it_and_its_share_comes_back_by_and_by() -> None:
    opened = after(*[SILENT] * THRESHOLD)
    assert opened.share(NOW) == 0
    closed = after(GOOD, health=opened)
    assert closed.state(NOW) is State.CLOSED
    assert 0.5 < closed.share(NOW) < after(*[GOOD] * 10, health=closed).share(NOW) < 1
    assert after(*[GOOD] * 60, health=closed).share(NOW) == 1


@pytest.mark.parametrize(("rate", "cut"), [(None, 20), (10.0, 5), (0.3, 0.2)], ids=["no rate", "half", "least"])
def test_too_fast_halves_the_pace(rate: float | None, cut: float) -> None:
    assert after(BUSY, rate=rate).pace(rate, NOW) == cut


def test_only_a_call_made_after_the_cut_cuts_again() -> None:
    slowed = after(BUSY, rate=8.0)
    later = NOW + SECOND / 10
    assert slowed.after(BUSY, 8.0, NOW - SECOND, later).pace(8.0, later) == slowed.pace(8.0, later)
    twice = slowed.after(BUSY, 8.0, later, later).pace(8.0, later)
    assert twice is not None
    assert 2 <= twice < 2.1


def test_the_pace_comes_back_by_a_tenth_each_second_and_then_to_what_it_was() -> None:
    slowed = after(BUSY, rate=10.0)
    assert slowed.pace(10.0, NOW + SECOND) == pytest.approx(5.5)
    assert slowed.pace(10.0, NOW + 8 * SECOND) == 10.0
    free = after(BUSY)
    assert free.pace(None, NOW + timedelta(minutes=1)) is None


@given(st.lists(st.sampled_from([GOOD, SILENT, DOWN, BUSY, NO_SUCH, LOCKED]), max_size=60))
def test_whatever_comes_the_share_and_the_pace_stay_within_bounds(said: list[Answer]) -> None:
    health, now = Health(), NOW
    for each in said:
        health = health.after(each, 10.0, now, now)
        now += SECOND
        pace = health.pace(10.0, now)
        assert 0 <= health.share(now) <= 1
        assert pace is not None
        assert 0.2 <= pace <= 10
        assert Health.model_validate_json(health.model_dump_json()) == health

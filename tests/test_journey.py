"""Whether the next channel is taken: one table of what is known and what follows; and the status of the whole."""

from itertools import product
from typing import get_args

import pytest

from engine.journey import Leg, Step, decide, reached, sum_up, why
from engine.notification import Channel, Fallback, FallbackOn, OnUnknown
from engine.reason import Reason
from engine.receipt import Fate

BY_FAILURE = Fallback()
IN_TIME = Fallback(on=("failed", "no_credit", "not_delivered"))
UNREAD = Fallback(on=("not_read",))
LATE_ONLY = Fallback(on=("not_delivered",))
WAIT, GO_ON, DONE = Step.WAIT, Step.GO_ON, Step.DONE


def leg(fate: Fate, *known: str) -> Leg:
    return Leg(fate, **dict.fromkeys(known, True))


@pytest.mark.parametrize(
    ("now", "fallback", "on_unknown", "step"),
    [
        # what ended badly
        (leg(Fate.FAILED), BY_FAILURE, "hold", GO_ON),
        (leg(Fate.UNDELIVERED), BY_FAILURE, "hold", GO_ON),
        (leg(Fate.FAILED, "unknown"), BY_FAILURE, "hold", DONE),
        (leg(Fate.FAILED, "unknown"), BY_FAILURE, "resend", GO_ON),
        (leg(Fate.UNDELIVERED, "unknown"), BY_FAILURE, "hold", GO_ON),
        (leg(Fate.FAILED), LATE_ONLY, "hold", WAIT),
        (leg(Fate.FAILED, "late"), LATE_ONLY, "hold", GO_ON),
        (leg(Fate.FAILED), Fallback(on=("no_credit",)), "hold", DONE),
        (leg(Fate.EXPIRED), IN_TIME, "resend", DONE),
        (leg(Fate.WITHDRAWN), IN_TIME, "resend", DONE),
        # what waits in the queue
        (leg(Fate.QUEUED), IN_TIME, "hold", WAIT),
        (leg(Fate.QUEUED, "late"), IN_TIME, "hold", GO_ON),
        (leg(Fate.QUEUED, "late"), UNREAD, "hold", GO_ON),
        (leg(Fate.QUEUED, "late"), BY_FAILURE, "hold", WAIT),
        (leg(Fate.QUEUED, "late", "unknown"), IN_TIME, "hold", WAIT),
        (leg(Fate.QUEUED, "late", "unknown"), IN_TIME, "resend", GO_ON),
        # what is in the air, or of which nobody knows
        (leg(Fate.SENDING, "late"), IN_TIME, "resend", WAIT),
        (leg(Fate.SENDING, "late", "unknown"), IN_TIME, "hold", WAIT),
        (leg(Fate.SENDING, "late", "unknown"), IN_TIME, "resend", GO_ON),
        (leg(Fate.SENDING, "unknown"), IN_TIME, "resend", WAIT),
        (leg(Fate.UNCERTAIN, "late", "unknown"), IN_TIME, "hold", WAIT),
        (leg(Fate.UNCERTAIN, "unknown"), IN_TIME, "resend", GO_ON),
        (leg(Fate.UNCERTAIN, "unknown"), LATE_ONLY, "resend", WAIT),
        # what was sent
        (leg(Fate.SENT), BY_FAILURE, "hold", WAIT),
        (leg(Fate.SENT, "late"), IN_TIME, "hold", WAIT),
        (leg(Fate.SENT, "late", "reports"), IN_TIME, "hold", GO_ON),
        (leg(Fate.SENT, "reports"), IN_TIME, "hold", WAIT),
        (leg(Fate.SENT, "late"), LATE_ONLY, "hold", DONE),
        (leg(Fate.SENT, "late", "reports", "reached"), IN_TIME, "hold", DONE),
        (leg(Fate.DELIVERED), IN_TIME, "hold", DONE),
        (leg(Fate.DELIVERED, "late", "reports"), IN_TIME, "hold", DONE),
        (leg(Fate.SENT, "late", "reports"), UNREAD, "hold", DONE),
        (leg(Fate.DELIVERED, "reads"), UNREAD, "hold", WAIT),
        (leg(Fate.DELIVERED, "late", "reads"), UNREAD, "hold", GO_ON),
        (leg(Fate.DELIVERED, "late"), UNREAD, "hold", DONE),
        (leg(Fate.READ, "late", "reads"), UNREAD, "hold", DONE),
        (leg(Fate.FAILED, "reached"), BY_FAILURE, "hold", DONE),
    ],
    ids=str,
)
def test_the_next_channel_is_taken_for_a_reason_and_never_over_an_open_question(
    now: Leg, fallback: Fallback, on_unknown: OnUnknown, step: Step
) -> None:
    assert decide(now, fallback, on_unknown) is step


EVERY_LEG = [
    Leg(fate, *flags)
    for fate in Fate
    if fate not in (Fate.REFUSED, Fate.HELD, Fate.COLLECTED, Fate.DIGESTED)
    for flags in product((False, True), repeat=5)
]
REASONS: tuple[FallbackOn, ...] = ("failed", "no_credit", "not_delivered", "not_read")
EVERY_FALLBACK = [
    Fallback(on=tuple(reason for reason, on in zip(REASONS, chosen, strict=True) if on))
    for chosen in product((False, True), repeat=4)
]


def test_whoever_prefers_never_to_twice_is_never_overtaken_over_an_open_call() -> None:
    for now, fallback in product(EVERY_LEG, EVERY_FALLBACK):
        if now.unknown and now.fate in (Fate.QUEUED, Fate.SENDING, Fate.UNCERTAIN, Fate.FAILED):
            assert decide(now, fallback, "hold") is not Step.GO_ON, (now, fallback)


def test_what_is_over_time_alone_is_nothing_without_its_time() -> None:
    for now, fallback in product(EVERY_LEG, EVERY_FALLBACK):
        if not now.late and now.fate not in (Fate.FAILED, Fate.UNDELIVERED, Fate.UNCERTAIN):
            assert decide(now, fallback, "resend") is not Step.GO_ON, (now, fallback)


def test_without_a_reason_nothing_is_taken_and_after_an_arrival_only_for_want_of_reading() -> None:
    for now in EVERY_LEG:
        for on_unknown in get_args(OnUnknown):
            assert decide(now, Fallback(on=()), on_unknown) is not Step.GO_ON
    for now, fallback in product(EVERY_LEG, EVERY_FALLBACK):
        if now.reached or now.fate is Fate.READ or (now.fate is Fate.DELIVERED and "not_read" not in fallback.on):
            assert decide(now, fallback, "resend") is Step.DONE


@pytest.mark.parametrize(
    ("now", "fallback", "reason"),
    [
        (leg(Fate.UNDELIVERED), BY_FAILURE, Reason.PHONE_OFF),
        (leg(Fate.QUEUED, "late"), IN_TIME, Reason.NOT_IN_TIME),
        (leg(Fate.QUEUED, "late", "unknown"), IN_TIME, Reason.LEFT_OPEN),
        (leg(Fate.UNCERTAIN, "unknown"), IN_TIME, Reason.LEFT_OPEN),
        (leg(Fate.SENT, "late", "reports"), IN_TIME, Reason.NOT_DELIVERED),
        (leg(Fate.SENT, "late", "reads"), UNREAD, Reason.NOT_READ),
        (leg(Fate.DELIVERED, "late", "reads"), UNREAD, Reason.NOT_READ),
    ],
    ids=str,
)
def test_each_change_of_channel_has_its_reason(now: Leg, fallback: Fallback, reason: Reason) -> None:
    assert why(now, Reason.PHONE_OFF, fallback) is reason


def test_an_earlier_channel_did_its_work_once_it_arrived_or_where_that_counts_was_read() -> None:
    assert reached(Fate.DELIVERED, BY_FAILURE, reads=True)
    assert not reached(Fate.DELIVERED, UNREAD, reads=True)
    assert reached(Fate.DELIVERED, UNREAD, reads=False)
    assert reached(Fate.READ, UNREAD, reads=True)
    assert not reached(Fate.SENT, BY_FAILURE, reads=True)


@pytest.mark.parametrize(
    ("fates", "word", "sentence"),
    [
        (
            {Channel.SMS: Fate.UNCERTAIN, Channel.EMAIL: Fate.DELIVERED},
            Fate.DELIVERED,
            "delivered by e-mail; sms uncertain",
        ),
        ({Channel.SMS: Fate.FAILED, Channel.FAX: Fate.QUEUED}, Fate.QUEUED, "fax queued; sms failed"),
        ({Channel.RCS: Fate.READ, Channel.SMS: Fate.SENT}, Fate.READ, "read by rcs; sent by sms"),
        ({Channel.SMS: Fate.REFUSED, Channel.EMAIL: Fate.EXPIRED}, Fate.EXPIRED, "e-mail expired; sms refused"),
        ({Channel.SMS: Fate.UNDELIVERED, Channel.EMAIL: Fate.HELD}, Fate.HELD, "e-mail held; sms undelivered"),
    ],
)
def test_the_whole_has_the_best_of_its_fates_and_names_every_channel(
    fates: dict[Channel, Fate], word: Fate, sentence: str
) -> None:
    found = sum_up(fates)
    assert (found.fate, found.sentence) == (word, sentence)


def test_every_fate_has_its_place_in_the_whole() -> None:
    for fate in Fate:
        assert sum_up({Channel.SMS: fate}).fate is fate

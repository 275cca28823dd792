"""One notification over several channels: all at once, or the next one when one fails, is late, or cannot be paid."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.answer import ProviderClass
from engine.notification import Channel, Dedupe, Fallback, Notification, Throttle
from engine.quiet import QuietHours
from engine.reason import Reason
from engine.receipt import FOLLOWS, Fate
from engine.store import journeys, ledger, sweep, withdrawing
from engine.store.database import Database
from engine.store.tables import due, journey, limit_state, notification
from engine.store.tables import told as memory
from tests.builders import ACCEPTED, BUSY, REFUSED, SILENT
from tests.store.journeying import A_FAX, EUR, FAX, IN_TIME, MAIL, MINUTE, Town, going

SMS, EMAIL, PAPER = Channel.SMS, Channel.EMAIL, Channel.FAX
ROOT = Path(__file__).parents[2]
TOGETHER: dict[str, Any] = {"together": True, "fallback": None}


@pytest.fixture
def town(store: Database) -> Any:
    made = Town(store)
    yield made
    assert made.store.read(ledger.differences) == []


def count(store: Database, table: sa.Table) -> int:
    return int(store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()))


def over(town: Town) -> bool:
    """Whether nothing is left of any journey."""
    waits = town.store.read(lambda c: c.execute(sa.select(due.c.key).where(due.c.kind == "fallback")).all())
    return count(town.store, journey) == 0 and not waits


def check_order(town: Town, told: Notification) -> None:
    """On each channel only what may follow has followed."""
    facts = town.facts(told)
    for channel in {channel for channel, _, _ in facts}:
        fates = [fate for each, fate, _ in facts if each is channel]
        assert all(after in FOLLOWS[before] for before, after in pairwise(fates) if after is not before), facts


# ---- all at once


def test_one_message_goes_by_sms_mail_and_fax_at_once_and_counts_once(town: Town) -> None:
    town.top_up(A_FAX)
    told = going(1, MAIL, FAX, **TOGETHER, limit={"throttle": Throttle(max=3, per=timedelta(hours=1)), "daily": 5})
    town.take_in(told)
    claims = town.claim()
    assert set(claims) == {SMS, EMAIL, PAPER}
    assert (town.credit("part"), town.credit(EUR)) == ((99, 1, 0), (0, A_FAX.minor, 0))
    assert (count(town.store, notification), count(town.store, memory)) == (1, 1)
    counts = town.store.read(lambda c: c.execute(sa.select(limit_state.c["count"])).scalars().all())
    assert counts == [1, 1], "of the account and of the rule"
    town.answer(claims[SMS], SILENT)
    town.answer(claims[EMAIL], ACCEPTED)
    town.answer(claims[PAPER], REFUSED)
    assert town.summary(told) == "sent by e-mail; sms uncertain; fax failed"
    assert (town.credit("part"), town.credit(EUR)) == ((99, 1, 0), (A_FAX.minor, 0, 0))
    assert over(town)


def test_of_those_taken_together_each_is_refused_for_its_own_reason(town: Town) -> None:
    town.carried.discard(EMAIL)
    told = going(1, MAIL, FAX, **TOGETHER)
    town.take_in(told)
    assert town.facts(told) == [
        (SMS, Fate.QUEUED, Reason.ADMITTED),
        (EMAIL, Fate.REFUSED, Reason.NO_ROUTE),
        (PAPER, Fate.REFUSED, Reason.NO_CREDIT),
    ]
    assert town.summary(told) == "sms queued; e-mail refused; fax refused"


def test_taken_together_an_address_that_did_not_agree_is_left_out(store: Database) -> None:
    town = Town(store, agreed=[FAX.address])
    town.top_up(A_FAX)
    told = going(1, MAIL, FAX, **TOGETHER)
    town.take_in(told)
    assert [each[1:] for each in town.facts(told)] == [
        (Fate.QUEUED, Reason.ADMITTED),
        (Fate.REFUSED, Reason.NO_CONSENT),
        (Fate.QUEUED, Reason.ADMITTED),
    ]


def test_taken_together_all_wait_for_the_end_of_quiet_hours(town: Town) -> None:
    told = going(1, MAIL, **TOGETHER, limit={"quiet_hours": QuietHours(start="11:00", end="12:00")})
    town.take_in(told)
    assert town.fates(told) == {}
    town.pass_time(timedelta(hours=1))
    assert town.fates(told) == {SMS: Fate.QUEUED, EMAIL: Fate.QUEUED}


def test_what_was_told_by_one_of_its_channels_is_not_told_again(town: Town) -> None:
    same = {"dedupe": Dedupe(key="k", for_=timedelta(hours=1))}
    town.take_in(going(1, MAIL, **TOGETHER, limit=same))
    again = going(2, MAIL, **TOGETHER, limit=same)
    town.take_in(again)
    assert [reason for _, _, reason in town.facts(again)] == [Reason.DUPLICATE]


# ---- in order


def test_a_refused_message_goes_by_the_next_channel_and_says_so(town: Town) -> None:
    told = going(1, MAIL, FAX)
    town.take_in(told)
    town.send(REFUSED)
    assert town.fates(told) == {SMS: Fate.FAILED, EMAIL: Fate.QUEUED}
    assert town.facts(told)[-1] == (EMAIL, Fate.QUEUED, Reason.INSTEAD)
    assert town.receipts(told)[-1].detail == "sms: bad_number"
    assert town.credit("part") == (100, 0, 0)
    town.send(ACCEPTED)
    assert town.summary(told) == "sent by e-mail; sms failed"
    check_order(town, told)


def test_an_undelivered_message_goes_by_the_next_channel_until_none_is_left(town: Town) -> None:
    town.top_up(A_FAX)
    told = going(1, MAIL, FAX)
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.report(sms, Fate.UNDELIVERED, Reason.PHONE_OFF)
    assert town.receipts(told)[-1].detail == "sms: phone_off"
    mail = town.send(ACCEPTED)
    town.report(mail, Fate.UNDELIVERED, Reason.BAD_ADDRESS)
    assert town.fates(told) == {SMS: Fate.UNDELIVERED, EMAIL: Fate.UNDELIVERED, PAPER: Fate.QUEUED}
    assert over(town), "no other channel is ahead"
    town.send(REFUSED)
    assert town.summary(told) == "sms undelivered; e-mail undelivered; fax failed"
    assert (town.credit("part"), town.credit(EUR)) == ((99, 0, 1), (A_FAX.minor, 0, 0))


def test_where_the_rule_says_off_nothing_else_is_taken(town: Town) -> None:
    told = going(1, MAIL, fallback=None)
    town.take_in(told)
    town.send(REFUSED)
    assert town.fates(told) == {SMS: Fate.FAILED}
    assert over(town)


def test_a_message_that_waits_too_long_is_withdrawn_and_its_credit_pays_the_next(store: Database) -> None:
    town = Town(store, parts=0)
    town.top_up(A_FAX)  # for the SMS or the fax, and not for both
    told = going(1, FAX, fallback=IN_TIME)
    town.take_in(told)
    town.send(BUSY)
    town.pass_time(9 * MINUTE)
    assert town.fates(told) == {SMS: Fate.QUEUED}
    town.pass_time(MINUTE)
    assert town.fates(told) == {SMS: Fate.WITHDRAWN, PAPER: Fate.QUEUED}
    assert (SMS, Fate.WITHDRAWN, Reason.NOT_IN_TIME) in town.facts(told)
    assert town.credit(EUR) == (0, A_FAX.minor, 0)
    town.send(ACCEPTED)
    assert town.credit(EUR) == (0, 0, A_FAX.minor)
    assert store.read(ledger.differences) == []


def test_where_no_other_channel_is_open_what_waits_stays_in_the_queue(town: Town) -> None:
    town.carried -= {EMAIL, PAPER}
    told = going(1, MAIL, FAX, fallback=IN_TIME)
    town.take_in(told)
    town.pass_time(10 * MINUTE)
    assert town.fates(told) == {SMS: Fate.QUEUED}
    assert town.facts(told)[1:] == [
        (EMAIL, Fate.REFUSED, Reason.NO_ROUTE),
        (PAPER, Fate.REFUSED, Reason.NO_ROUTE),
    ]
    assert over(town)


def test_what_did_not_arrive_in_time_goes_by_the_next_channel_and_may_arrive_late(town: Town) -> None:
    told = going(1, MAIL, fallback=IN_TIME)
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.pass_time(10 * MINUTE)
    assert town.receipts(told)[-1].detail == "sms: not_delivered"
    mail = town.send(ACCEPTED)
    town.report(sms, Fate.DELIVERED, Reason.DELIVERED)
    town.report(mail, Fate.DELIVERED, Reason.DELIVERED)
    assert town.summary(told) == "delivered by sms; delivered by e-mail"
    assert town.credit("part") == (99, 0, 1)


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_what_arrived_ends_the_journey(town: Town, late: bool) -> None:
    town.reporting = frozenset({SMS} if not late else ())
    told = going(1, MAIL, fallback=IN_TIME)
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.pass_time(20 * MINUTE if late else MINUTE)
    assert town.fates(told) == {SMS: Fate.SENT}, "nobody would hear of its arrival"
    town.report(sms, Fate.DELIVERED, Reason.DELIVERED)
    assert over(town)
    town.pass_time(timedelta(days=1))
    assert town.fates(told) == {SMS: Fate.DELIVERED}


def test_what_is_in_the_air_at_the_deadline_is_judged_by_its_answer(town: Town) -> None:
    told = going(1, MAIL, fallback=Fallback(after=timedelta(seconds=5), on=IN_TIME.on))
    town.take_in(told)
    [claim] = town.claim().values()
    town.pass_time(timedelta(seconds=6))
    assert town.fates(told) == {SMS: Fate.SENDING}
    town.answer(claim, BUSY)
    assert town.fates(told) == {SMS: Fate.WITHDRAWN, EMAIL: Fate.QUEUED}


def test_each_channel_has_its_own_time(town: Town) -> None:
    town.top_up(A_FAX)
    told = going(1, MAIL, FAX, fallback=IN_TIME)
    town.take_in(told)
    for minutes, fates in ((10, [Fate.WITHDRAWN, Fate.QUEUED]), (10, [Fate.WITHDRAWN, Fate.WITHDRAWN, Fate.QUEUED])):
        town.pass_time((minutes - 1) * MINUTE)
        assert len(town.fates(told)) == len(fates) - 1
        town.pass_time(MINUTE)
        assert list(town.fates(told).values()) == fates


# ---- credit


def test_what_nothing_can_pay_for_goes_by_the_next_channel_at_once(store: Database) -> None:
    town = Town(store, parts=0)
    told = going(1, FAX, MAIL)
    town.take_in(told)
    assert town.facts(told) == [
        (SMS, Fate.REFUSED, Reason.NO_CREDIT),
        (PAPER, Fate.REFUSED, Reason.NO_CREDIT),
        (EMAIL, Fate.QUEUED, Reason.INSTEAD),
    ]
    assert store.read(lambda c: c.execute(sa.select(notification.c.reason)).scalars().all()) == ["admitted"]
    assert over(town)


@pytest.mark.parametrize("fallback", [None, Fallback(on=("failed",))], ids=["off", "failed"])
def test_without_credit_and_where_that_is_no_reason_it_is_refused(store: Database, fallback: Fallback | None) -> None:
    town = Town(store, parts=0)
    told = going(1, MAIL, fallback=fallback)
    town.take_in(told)
    assert town.facts(told) == [(SMS, Fate.REFUSED, Reason.NO_CREDIT)]


def test_a_channel_that_nobody_carries_is_passed_and_named(town: Town) -> None:
    town.carried.discard(SMS)
    told = going(1, MAIL, FAX)
    town.take_in(told)
    assert town.facts(told) == [(SMS, Fate.REFUSED, Reason.NO_ROUTE), (EMAIL, Fate.QUEUED, Reason.INSTEAD)]
    town.send(REFUSED)
    assert town.facts(told)[-1] == (PAPER, Fate.REFUSED, Reason.NO_CREDIT)


# ---- what nobody knows


@pytest.mark.parametrize("kind", [ProviderClass.OPAQUE, ProviderClass.QUERYABLE, ProviderClass.IDEMPOTENT])
def test_over_an_open_call_no_other_channel_is_taken(town: Town, kind: ProviderClass) -> None:
    town.provider_class = kind
    told = going(1, MAIL, fallback=IN_TIME)
    town.take_in(told)
    town.send(SILENT)
    town.pass_time(20 * MINUTE)
    town.pass_time(timedelta(days=4))
    assert set(town.fates(told)) == {SMS}


def test_a_message_that_died_with_its_sender_is_not_overtaken(town: Town) -> None:
    told = going(1, MAIL, fallback=IN_TIME)
    town.take_in(told)
    town.claim()
    town.pass_time(20 * MINUTE)
    assert town.fates(told) == {SMS: Fate.UNCERTAIN}
    town.pass_time(timedelta(days=4))
    assert town.fates(told) == {SMS: Fate.FAILED}, "given up, and it may have been sent"
    assert over(town)


def test_who_prefers_twice_to_never_is_told_by_the_next_channel_and_late_news_is_kept(town: Town) -> None:
    told = going(1, MAIL, fallback=IN_TIME, on_unknown="resend")
    town.take_in(told)
    sms = town.send(SILENT)
    town.pass_time(10 * MINUTE)
    assert town.fates(told) == {SMS: Fate.UNCERTAIN, EMAIL: Fate.QUEUED}
    assert (SMS, Fate.UNCERTAIN, Reason.LEFT_OPEN) in town.facts(told)
    town.send(ACCEPTED)
    assert town.summary(told) == "sent by e-mail; sms uncertain"
    assert town.credit("part") == (99, 1, 0)
    town.report(sms, Fate.DELIVERED, Reason.DELIVERED)
    assert town.summary(told) == "delivered by sms; sent by e-mail"
    assert town.credit("part") == (99, 0, 1)
    assert town.claim() == {}
    check_order(town, told)


def test_what_a_late_report_says_of_an_uncertain_message_is_a_reason_to_go_on(town: Town) -> None:
    told = going(1, MAIL)
    town.take_in(told)
    sms = town.send(SILENT)
    assert town.fates(told) == {SMS: Fate.UNCERTAIN}
    town.report(sms, Fate.FAILED, Reason.PROVIDER_REFUSED)
    assert town.fates(told) == {SMS: Fate.FAILED, EMAIL: Fate.QUEUED}


# ---- the gates of the next channel


QUIET = QuietHours(start="11:30", end="12:30")
#: 11:04 in Brussels is NOW: half an hour later it is quiet.


def test_in_quiet_hours_the_next_channel_waits(town: Town) -> None:
    told = going(1, MAIL, limit={"quiet_hours": QUIET})
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.pass_time(30 * MINUTE)
    town.report(sms, Fate.UNDELIVERED, Reason.PHONE_OFF)
    assert town.facts(told)[-1] == (EMAIL, Fate.HELD, Reason.QUIET_HOURS)
    town.pass_time(10 * MINUTE)
    assert len(town.facts(told)) == 4, "said once"
    town.pass_time(60 * MINUTE)
    assert town.facts(told)[-1] == (EMAIL, Fate.QUEUED, Reason.INSTEAD)
    check_order(town, told)


def test_what_arrives_while_the_next_channel_waits_ends_that(town: Town) -> None:
    told = going(1, MAIL, limit={"quiet_hours": QUIET})
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.pass_time(30 * MINUTE)
    town.report(sms, Fate.UNDELIVERED, Reason.PHONE_OFF)
    town.report(sms, Fate.DELIVERED, Reason.DELIVERED)
    assert town.facts(told)[-1] == (EMAIL, Fate.WITHDRAWN, Reason.REACHED)
    town.pass_time(timedelta(hours=2))
    assert town.fates(told) == {SMS: Fate.DELIVERED}


def test_a_channel_whose_address_did_not_agree_is_passed(store: Database) -> None:
    town = Town(store, agreed=[FAX.address])
    town.top_up(A_FAX)
    told = going(1, MAIL, FAX)
    town.take_in(told)
    town.send(REFUSED)
    assert town.facts(told)[-2:] == [
        (EMAIL, Fate.REFUSED, Reason.NO_CONSENT),
        (PAPER, Fate.QUEUED, Reason.INSTEAD),
    ]


def test_a_rule_that_is_gone_takes_no_other_channel(town: Town) -> None:
    told = going(1, MAIL, FAX)
    town.take_in(told)
    town.gone.add(told.rule)
    town.send(REFUSED)
    assert town.facts(told)[-1] == (EMAIL, Fate.REFUSED, Reason.RULE_WITHDRAWN)
    assert over(town)


def test_past_its_worth_no_other_channel_is_taken(town: Town) -> None:
    told = going(1, MAIL, FAX, not_after=town.now + MINUTE)
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.pass_time(2 * MINUTE)
    town.report(sms, Fate.UNDELIVERED, Reason.PHONE_OFF)
    assert town.facts(told)[-1] == (EMAIL, Fate.EXPIRED, Reason.EXPIRED)
    assert over(town)


# ---- withdrawn, forgotten


def test_what_is_withdrawn_takes_no_other_channel(town: Town) -> None:
    told = going(1, MAIL, limit={"quiet_hours": QUIET})
    town.take_in(told)
    sms = town.send(ACCEPTED)
    town.pass_time(30 * MINUTE)
    town.report(sms, Fate.UNDELIVERED, Reason.PHONE_OFF)
    moved = {told.event_id: Reason.APPOINTMENT_MOVED}
    town.store.write(lambda c: withdrawing.withdraw(c, moved, town.now))
    assert town.facts(told)[-1] == (EMAIL, Fate.WITHDRAWN, Reason.APPOINTMENT_MOVED)
    town.pass_time(timedelta(hours=2))
    assert town.fates(told) == {SMS: Fate.UNDELIVERED}
    assert over(town)


def test_while_another_channel_may_be_taken_it_has_not_come_to_an_end(town: Town) -> None:
    told = going(1, MAIL, limit={"quiet_hours": QUIET})
    town.take_in(told)
    town.pass_time(30 * MINUTE)
    town.send(REFUSED)
    heard = {told.event_id}
    assert town.store.read(lambda c: withdrawing.heard(c, heard)) == {}
    town.pass_time(timedelta(hours=2))
    town.send(REFUSED)
    assert town.store.read(lambda c: withdrawing.heard(c, heard)) == {told.event_id: False}


def test_a_journey_is_forgotten_when_no_report_can_come_any_more(town: Town) -> None:
    told = going(1, MAIL)
    town.take_in(told)
    town.send(ACCEPTED)
    for days, left in ((6, 1), (2, 0)):
        town.pass_time(timedelta(days=days))
        town.store.write(lambda c: sweep.sweep(c, town.now))
        assert count(town.store, journey) == left
    assert timedelta(days=7) == journeys.KEEP


# ---- crash


def test_a_repeated_look_changes_nothing(town: Town) -> None:
    told = going(1, MAIL, FAX)
    town.take_in(told)
    town.send(REFUSED)
    before = town.receipts(told)
    town.store.write(lambda c: journeys.stir(c, told.id, town.now))
    town.pass_time()
    assert town.receipts(told) == before


_CHILD = """
import sys
from engine.store.database import Database
from tests.builders import REFUSED
from tests.store.journeying import Town
Town(Database(sys.argv[1]), new=False).send(REFUSED)
"""


@pytest.mark.parametrize("point", ["journey_open", "journey_committed"])
def test_whoever_dies_between_two_channels_takes_the_next_once(town: Town, point: str) -> None:
    told = going(1, MAIL, FAX)
    town.take_in(told)
    armed = {**os.environ, "TOCSIN_FAILPOINT": f"{point}:1:kill"}
    done = subprocess.run([sys.executable, "-c", _CHILD, town.store.url], env=armed, check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert (EMAIL in town.fates(told)) is (point == "journey_committed")
    town.pass_time(2 * MINUTE)
    assert town.fates(told) == {SMS: Fate.FAILED, EMAIL: Fate.QUEUED}
    assert town.facts(told).count((EMAIL, Fate.QUEUED, Reason.INSTEAD)) == 1

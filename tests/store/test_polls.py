"""A message that nobody reports on is asked about: when, how often, and until when; and who is found to be silent."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from engine.notification import Notification
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate, may_follow
from engine.store import accounts, attempts, due, inbox, polls, reports, send_queue, silence
from engine.store.database import Database
from engine.store.due import DueKind
from engine.store.polls import Question
from engine.store.send_queue import Claim
from engine.store.tables import due as table
from tests.builders import ACCEPTED, BUSY, NOW, REFUSED, SILENT, a_notification, a_quote, an_account, terms

BACKOFF = timedelta(seconds=3)
MINUTE = timedelta(minutes=1)
KNOWN = terms(polled=True)


def _sent(store: Database, *told: Notification, said: object = ACCEPTED, now: datetime = NOW) -> list[Claim]:
    """Hand them over; the provider answers `said` to each."""
    store.write(lambda c: accounts.upsert(c, [an_account(parts=1000)], "v", NOW))
    store.write(lambda c: inbox.take_in(c, [(each, a_quote()) for each in told], "EUR", now))
    claims = store.write(lambda c: send_queue.claim(c, KNOWN, 100, lambda: now)).claims
    for each in claims:
        store.write(lambda c: attempts.answer(c, each, said, KNOWN["phone"], now, BACKOFF))  # type: ignore[arg-type]  # noqa: B023
    return claims


def _polls(store: Database) -> dict[UUID, datetime]:
    rows = store.read(lambda c: c.execute(sa.select(table.c.key, table.c.at).where(table.c.kind == "poll")))
    return {UUID(key): at for key, at in rows}


def _report(claim: Claim, fate: Fate = Fate.DELIVERED, provider: str = "phone") -> DeliveryReport:
    reason = Reason.DELIVERED if fate is Fate.DELIVERED else Reason.UNDELIVERED
    return DeliveryReport(provider=provider, client_ref=claim.client_ref, fate=fate, reason=reason, at=NOW)


def test_the_first_question_comes_after_half_a_minute_to_two_and_not_for_all_at_once(store: Database) -> None:
    claims = _sent(store, *(a_notification(n) for n in range(40)))
    moments = [each - NOW for each in _polls(store).values()]
    assert len(moments) == len(claims)
    assert timedelta(seconds=30) <= min(moments) < max(moments) <= timedelta(minutes=2)
    assert len(set(moments)) > len(claims) / 2


def test_a_provider_that_cannot_be_asked_is_not_asked(store: Database) -> None:
    _sent(store, a_notification())
    known = terms()
    store.write(lambda c: inbox.take_in(c, [(a_notification(2), a_quote())], "EUR", NOW))
    before = _polls(store)
    assert store.write(lambda c: send_queue.claim(c, known, 10, lambda: NOW)).claims
    assert _polls(store) == before


def test_what_is_asked_about_names_the_attempt_that_was_accepted(store: Database) -> None:
    [claim] = _sent(store, a_notification())
    [asked] = store.write(lambda c: polls.to_ask(c, [claim.message.id], NOW + MINUTE))
    assert asked == Question(claim.message.id, "phone", claim.client_ref, "p1", NOW)


@pytest.mark.parametrize(
    ("said", "left"),
    [(REFUSED, {}), (BUSY, {"later": 1}), (SILENT, {"later": 1})],
    ids=["refused", "in the queue again", "uncertain"],
)
def test_what_is_not_sent_is_asked_about_later_or_never(store: Database, said: object, left: dict[str, int]) -> None:
    [claim] = _sent(store, a_notification(), said=said)
    assert store.write(lambda c: polls.to_ask(c, [claim.message.id], NOW + MINUTE)) == []
    assert list(_polls(store).values()) == [NOW + MINUTE + polls.LONGEST] * len(left)


@pytest.mark.parametrize("fate", [Fate.DELIVERED, Fate.UNDELIVERED])
def test_a_final_report_ends_the_questions(store: Database, fate: Fate) -> None:
    [claim] = _sent(store, a_notification())
    store.write(lambda c: reports.report(c, _report(claim, fate), NOW))
    assert store.write(lambda c: polls.to_ask(c, [claim.message.id], NOW + MINUTE)) == []
    assert _polls(store) == {}


def test_a_message_that_a_report_made_sent_is_asked_about_too(store: Database) -> None:
    [claim] = _sent(store, a_notification(), said=SILENT)
    store.write(lambda c: reports.report(c, _report(claim, Fate.SENT), NOW))
    [asked] = store.write(lambda c: polls.to_ask(c, [claim.message.id], NOW + MINUTE))
    assert (asked.client_ref, asked.provider_ref) == (claim.client_ref, "")


@given(age=st.timedeltas(timedelta(0), polls.GIVE_UP), share=st.floats(0, 1))
def test_questions_grow_rare_and_end(age: timedelta, share: float) -> None:
    asked = Question(UUID(int=1), "phone", "r", "p", NOW)
    again = asked.again_at(NOW + age, share)
    if age >= polls.GIVE_UP:
        assert again is None
    else:
        assert again is not None
        wait = again - NOW - age
        assert polls.FIRST <= wait <= polls.FIRST + min(age, polls.LONGEST)


def test_at_most_two_hundred_questions_are_asked_about_one_message() -> None:
    asked, now, count = Question(UUID(int=1), "phone", "r", "p", NOW), NOW + MINUTE, 0
    while (again := asked.again_at(now, 0.5)) is not None:
        now, count = again, count + 1
    assert 100 < count < 200


# ---- who is silent


def _silent(store: Database, after: timedelta) -> list[tuple[str, int, datetime]]:
    found = store.read(lambda c: silence.find(c, ["phone", "other"], NOW + after))
    return [(each.provider, each.accepted, each.since) for each in found]


def test_five_messages_and_ten_minutes_without_a_word_are_silence(store: Database) -> None:
    _sent(store, *(a_notification(n) for n in range(5)))
    assert _silent(store, timedelta(minutes=9)) == []
    assert _silent(store, timedelta(minutes=10)) == [("phone", 5, NOW)]


def test_four_messages_prove_nothing(store: Database) -> None:
    _sent(store, *(a_notification(n) for n in range(4)))
    assert _silent(store, timedelta(days=1)) == []


def test_messages_that_nobody_took_are_no_silence(store: Database) -> None:
    _sent(store, *(a_notification(n) for n in range(9)), said=REFUSED)
    assert _silent(store, timedelta(days=1)) == []


def test_one_report_ends_the_silence_until_five_more_are_unheard(store: Database) -> None:
    _sent(store, *(a_notification(n) for n in range(5)))
    store.write(lambda c: silence.note(c, ["phone"], NOW + MINUTE))
    assert _silent(store, timedelta(days=1)) == []
    later = NOW + timedelta(hours=1)
    _sent(store, *(a_notification(n) for n in range(10, 15)), now=later)
    assert _silent(store, timedelta(days=1)) == [("phone", 5, later)]


def test_what_was_reported_within_the_minute_that_is_not_written_down_is_no_silence(store: Database) -> None:
    store.write(lambda c: silence.note(c, ["phone"], NOW - timedelta(seconds=50)))
    _sent(store, *(a_notification(n) for n in range(9)))
    assert _silent(store, timedelta(days=1)) == []


# ---- reports that come again, late, or in another order


NETWORK = st.sampled_from([Fate.SENT, Fate.DELIVERED, Fate.UNDELIVERED, Fate.READ])


@given(said=st.lists(NETWORK, max_size=6), shuffled=st.randoms())
def test_whatever_order_reports_come_in_and_however_often_the_fate_is_the_same(
    said: list[Fate], shuffled: object
) -> None:
    def ends(order: list[Fate]) -> Fate:
        fate = Fate.SENT
        for each in order:
            fate = each if may_follow(fate, each) else fate
        return fate

    other = said + said
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    assert ends(other) == ends(said)


def test_a_replay_of_an_old_report_changes_nothing(store: Database) -> None:
    [claim] = _sent(store, a_notification())
    store.write(lambda c: reports.report(c, _report(claim, Fate.UNDELIVERED), NOW))
    late = NOW + reports.LATEST + MINUTE
    store.write(lambda c: reports.report(c, _report(claim), late))
    fate = sa.text("SELECT fate FROM message")
    assert store.read(lambda c: c.execute(fate).scalar_one()) == "undelivered"
    store.write(lambda c: reports.report(c, _report(claim), late - timedelta(minutes=2)))
    assert store.read(lambda c: c.execute(fate).scalar_one()) == "delivered"


def test_a_report_that_names_no_message_is_about_none(store: Database) -> None:
    _sent(store, a_notification(), said=SILENT)
    store.write(
        lambda c: reports.report(
            c, DeliveryReport(provider="phone", fate=Fate.DELIVERED, reason=Reason.DELIVERED, at=NOW), NOW
        )
    )
    assert store.read(lambda c: c.execute(sa.text("SELECT fate FROM message")).scalar_one()) == "uncertain"


def test_due_questions_are_leased_like_everything_else(store: Database) -> None:
    _sent(store, a_notification())
    [at] = _polls(store).values()
    [taken] = store.write(lambda c: due.take(c, at))
    assert taken.kind is DueKind.POLL
    assert store.write(lambda c: due.take(c, at)) == []

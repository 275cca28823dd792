"""Test messages: capped, paid by nobody's account, taken out of the queue by one hand only; on both databases."""

from datetime import timedelta

import sqlalchemy as sa

from engine.notification import Notification
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.store import accounts, attempts, ledger, receipts, reports, send_queue, trial
from engine.store.database import Database
from engine.store.tables import consent, parked_report
from engine.store.trial import MOST_A_DAY, PAYER
from tests.builders import ACCEPTED, BUSY, NOW, a_quote, an_account, terms

EUR = "EUR"
WAIT = timedelta(seconds=20)
DAY = timedelta(days=1)


def _test(store: Database, n: int = 0, days: int = 0) -> Notification:
    now = NOW + days * DAY + timedelta(seconds=n)
    told = trial.compose("+32470000001", "Hello", now, WAIT, a_quote())
    store.write(lambda c: trial.write(c, told, a_quote(), EUR, now))
    return told


def _said(store: Database, told: Notification) -> list[tuple[Fate, Reason]]:
    return [(each.fate, each.reason) for each in store.read(lambda c: receipts.of_notification(c, told.id))]


def test_the_eleventh_test_of_a_day_is_refused_and_tomorrow_there_are_ten_again(store: Database) -> None:
    told = [_test(store, n) for n in range(MOST_A_DAY + 1)]
    assert [_said(store, each)[0][0] for each in told] == [Fate.QUEUED] * MOST_A_DAY + [Fate.REFUSED]
    assert _said(store, told[-1]) == [(Fate.REFUSED, Reason.DAILY_CAP)]
    assert _said(store, _test(store, days=1)) == [(Fate.QUEUED, Reason.ADMITTED)]


def test_a_test_moves_only_nobody_s_credit_and_leaves_no_consent_behind(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account("anna", parts=5)], "v", NOW))
    before = store.read(lambda c: c.execute(sa.select(consent)).all())
    _test(store)
    assert store.read(lambda c: ledger.credits(c, "anna")) == []
    assert store.read(lambda c: ledger.credits(c, PAYER))[0].held == 1
    assert store.read(ledger.differences) == []
    assert store.read(lambda c: c.execute(sa.select(consent)).all()) == before


def test_a_start_of_the_engine_between_two_tests_does_not_stop_them(store: Database) -> None:
    _test(store)
    store.write(lambda c: accounts.upsert(c, [an_account("anna", parts=5)], "v", NOW))  # freezes whom no file names
    assert _said(store, _test(store, 1)) == [(Fate.QUEUED, Reason.ADMITTED)]


def test_only_one_hand_takes_it_the_engine_s_or_the_command_s(store: Database) -> None:
    known = terms()
    first, second = _test(store, 1), _test(store, 2)
    ids = {each.message.id for each in store.write(lambda c: send_queue.claim(c, known, 1, lambda: NOW)).claims}
    mine = []
    for told in (first, second):
        [message] = store.read(lambda c: trial.tell(c, told.id)).messages  # type: ignore[union-attr]  # noqa: B023
        claim = store.write(lambda c: trial.begin(c, message.row.id, known["phone"], NOW))  # noqa: B023
        again = store.write(lambda c: trial.begin(c, message.row.id, known["phone"], NOW))  # noqa: B023
        assert again is None
        mine += [claim.message.id] if claim else []
    assert len(ids) == len(mine) == 1
    assert ids.isdisjoint(mine)
    assert store.write(lambda c: send_queue.claim(c, known, 10, lambda: NOW)).claims == []


def test_what_the_command_sends_settles_and_what_was_not_taken_expires(store: Database) -> None:
    known = terms()["phone"]
    for n, (answer, last) in enumerate([(ACCEPTED, Fate.SENT), (BUSY, Fate.EXPIRED)]):
        told = _test(store, n)
        [message] = store.read(lambda c: trial.tell(c, told.id)).messages  # type: ignore[union-attr]  # noqa: B023
        claim = store.write(lambda c: trial.begin(c, message.row.id, known, NOW))  # noqa: B023
        assert claim is not None
        store.write(lambda c: attempts.answer(c, claim, answer, known, NOW, DAY))  # noqa: B023
        assert _said(store, told)[-1][0] is last
    credit = store.read(lambda c: ledger.credits(c, PAYER))[0]
    assert (credit.held, credit.spent) == (0, 1)


def test_a_report_for_nothing_we_know_is_parked_once_and_touches_nothing(store: Database) -> None:
    told = _test(store)
    unknown = DeliveryReport(
        provider="phone", client_ref="nobody-0", fate=Fate.DELIVERED, reason=Reason.DELIVERED, at=NOW
    )
    for _ in range(3):
        store.write(lambda c: reports.report(c, unknown, NOW))
    # Another provider's report under a reference of ours is not about our message.
    [message] = store.read(lambda c: trial.tell(c, told.id)).messages  # type: ignore[union-attr]
    claim = store.write(lambda c: trial.begin(c, message.row.id, terms()["phone"], NOW))
    assert claim is not None
    foreign = unknown.model_copy(update={"provider": "other", "client_ref": claim.client_ref})
    store.write(lambda c: reports.report(c, foreign, NOW))
    parked = store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(parked_report)).scalar_one())
    assert parked == 2
    assert _said(store, told) == [(Fate.QUEUED, Reason.ADMITTED)]

"""The life of a message: claimed, attempted, answered, asked, reported; by class, with the credit that follows."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.answer import Answer, Outcome, ProviderClass
from engine.notification import Lane, Notification
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.store import accounts, attempts, due, inbox, ledger, messages, receipts, reports, send_queue, sweep
from engine.store.database import Database
from engine.store.due import DueKind
from engine.store.send_queue import Claim, Terms
from engine.store.tables import attempt, message
from tests.builders import ACCEPTED, BUSY, NOW, REFUSED, SILENT, a_notification, a_quote, an_account, terms

EUR = "EUR"
BACKOFF = timedelta(seconds=3)


def _admit(store: Database, *told: Notification, parts: int = 100) -> None:
    names = sorted({each.account for each in told})
    store.write(lambda c: accounts.upsert(c, [an_account(name, parts=parts) for name in names], "v", NOW))
    store.write(lambda c: inbox.take_in(c, [(each, a_quote()) for each in told], EUR, NOW))


def _claim(store: Database, known: dict[str, Terms], now: datetime = NOW, room: int = 10) -> list[Claim]:
    return store.write(lambda c: send_queue.claim(c, known, room, lambda: now)).claims


def _answer(store: Database, claim: Claim, said: Answer, known: dict[str, Terms], now: datetime = NOW) -> None:
    store.write(lambda c: attempts.answer(c, claim, said, known["phone"], now, BACKOFF))


def _fates(store: Database, told: Notification) -> list[str]:
    return [str(each.fate) for each in store.read(lambda c: receipts.of_notification(c, told.id))]


def _due(store: Database) -> dict[str, datetime]:
    rows = store.read(lambda c: c.execute(sa.select(due.due.c.kind, due.due.c.at)).all())
    return dict(rows)


def _credit(store: Database) -> tuple[int, int, int]:
    shown = store.read(lambda c: ledger.credits(c, "anna"))[0]
    return shown.available, shown.held, shown.spent


def _wake(store: Database, kind: DueKind, known: dict[str, Terms]) -> datetime:
    """Let the one due thing of this kind come true."""
    at = _due(store)[kind.value]
    for each in store.write(lambda c: due.take(c, at)):
        key = UUID(each.key)
        if each.kind is DueKind.RETRY:
            store.write(lambda c: send_queue.ready(c, key))  # noqa: B023
        elif each.kind is DueKind.LEASE:
            store.write(lambda c: attempts.lapse(c, key, known, at))  # noqa: B023
        elif each.kind is DueKind.WINDOW:
            store.write(lambda c: attempts.close_window(c, key, at))  # noqa: B023
    return at


def test_an_accepted_message_is_settled_once(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [claim] = _claim(store, known)
    assert _claim(store, known) == []
    for _ in range(2):
        _answer(store, claim, ACCEPTED, known)
    assert _fates(store, told) == ["queued", "sent"]
    assert _credit(store) == (99, 0, 1)
    assert _due(store) == {}


def test_a_refused_message_gives_its_credit_back(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    _answer(store, _claim(store, known)[0], REFUSED, known)
    assert _fates(store, told) == ["queued", "failed"]
    assert _credit(store) == (100, 0, 0)


def test_what_was_certainly_not_taken_is_tried_again_later_under_a_new_reference(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [first] = _claim(store, known)
    _answer(store, first, BUSY, known)
    assert _claim(store, known) == []
    at = _wake(store, DueKind.RETRY, known)
    assert at == NOW + BACKOFF
    [second] = _claim(store, known, at)
    assert second.client_ref != first.client_ref
    _answer(store, second, ACCEPTED, known, at)
    assert _fates(store, told) == ["queued", "queued", "sent"]
    assert _credit(store) == (99, 0, 1)


def test_after_eight_refusals_to_take_it_we_give_up_and_give_the_credit_back(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    at = NOW
    for n in range(attempts.MOST_ATTEMPTS):
        [claim] = _claim(store, known, at)
        _answer(store, claim, BUSY, known, at)
        if n < attempts.MOST_ATTEMPTS - 1:
            at = _wake(store, DueKind.RETRY, known)
    assert _fates(store, told)[-1] == "failed"
    assert _credit(store) == (100, 0, 0)


def test_an_unknown_outcome_is_sent_again_under_the_same_reference_where_the_provider_is_idempotent(
    store: Database,
) -> None:
    told, known = a_notification(), terms(ProviderClass.IDEMPOTENT)
    _admit(store, told)
    [first] = _claim(store, known)
    _answer(store, first, SILENT, known)
    at = _wake(store, DueKind.RETRY, known)
    [second] = _claim(store, known, at)
    assert second.client_ref == first.client_ref
    assert second.attempt == 2


def test_past_the_life_of_its_reference_an_idempotent_provider_is_opaque(store: Database) -> None:
    told, known = a_notification(), terms(ProviderClass.IDEMPOTENT, key_life=timedelta(seconds=60))
    _admit(store, told)
    [claim] = _claim(store, known)
    _answer(store, claim, SILENT, known, NOW + timedelta(seconds=58))
    assert _fates(store, told) == ["queued", "uncertain"]


@pytest.mark.parametrize(
    ("said", "fates", "credit"),
    [
        pytest.param(ACCEPTED, ["queued", "sent"], (99, 0, 1), id="it had taken it"),
        pytest.param(
            Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.NOT_TAKEN),
            ["queued", "queued"],
            (99, 1, 0),
            id="it had not: again",
        ),
        pytest.param(SILENT, ["queued"], (99, 1, 0), id="no answer: ask again"),
    ],
)
def test_a_queryable_provider_is_asked(
    store: Database, said: Answer, fates: list[str], credit: tuple[int, int, int]
) -> None:
    told, known = a_notification(), terms(ProviderClass.QUERYABLE)
    _admit(store, told)
    [claim] = _claim(store, known)
    _answer(store, claim, SILENT, known)
    assert list(_due(store)) == ["ask"]
    asked = store.read(lambda c: attempts.to_ask(c, claim.message.id))
    assert asked is not None
    assert asked.client_ref == claim.client_ref
    store.write(lambda c: attempts.asked(c, claim.message.id, said, NOW, BACKOFF))
    assert _fates(store, told) == fates
    assert _credit(store) == credit


def test_what_a_queryable_provider_may_have_forgotten_is_uncertain_not_sent_again(store: Database) -> None:
    told, known = a_notification(), terms(ProviderClass.QUERYABLE)
    _admit(store, told)
    [claim] = _claim(store, known)
    _answer(store, claim, SILENT, known)
    later, memory = NOW + timedelta(minutes=15), timedelta(minutes=15)
    gone = Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.NOT_TAKEN)
    store.write(lambda c: attempts.asked(c, claim.message.id, gone, later, BACKOFF, memory))
    assert _fates(store, told) == ["queued", "uncertain"]
    assert _credit(store) == (99, 1, 0)


def test_an_opaque_provider_that_was_silent_leaves_the_message_uncertain_with_its_credit_set_aside(
    store: Database,
) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    _answer(store, _claim(store, known)[0], SILENT, known)
    assert _fates(store, told) == ["queued", "uncertain"]
    assert _credit(store) == (99, 1, 0)
    assert _claim(store, known, NOW + timedelta(days=1)) == []


def test_an_uncertain_message_without_a_receipt_is_given_up_after_its_window(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    _answer(store, _claim(store, known)[0], SILENT, known)
    assert _wake(store, DueKind.WINDOW, known) == NOW + messages.WINDOW
    assert _fates(store, told) == ["queued", "uncertain", "failed"]
    assert _credit(store) == (100, 0, 0)


def test_on_unknown_resend_sends_again_under_a_new_reference(store: Database) -> None:
    told, known = a_notification(on_unknown="resend"), terms()
    _admit(store, told)
    [first] = _claim(store, known)
    _answer(store, first, SILENT, known)
    [second] = _claim(store, known, _wake(store, DueKind.RETRY, known))
    assert second.client_ref != first.client_ref


def test_only_a_lapsed_lease_makes_an_attempt_unknown_and_a_late_answer_still_settles(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [claim] = _claim(store, known)
    lease = _due(store)["lease"]
    assert lease > NOW + known["phone"].timeout
    assert store.write(lambda c: due.take(c, lease - timedelta(seconds=1))) == []
    _wake(store, DueKind.LEASE, known)
    assert _fates(store, told) == ["queued", "uncertain"]
    _answer(store, claim, ACCEPTED, known, lease)
    assert _fates(store, told) == ["queued", "uncertain", "sent"]
    assert _credit(store) == (99, 0, 1)


def test_a_late_no_of_an_older_attempt_does_not_end_the_newer_one(store: Database) -> None:
    told, known = a_notification(), terms(ProviderClass.IDEMPOTENT)
    _admit(store, told)
    [first] = _claim(store, known)
    at = _wake(store, DueKind.LEASE, known)
    [second] = _claim(store, known, _wake(store, DueKind.RETRY, known))
    _answer(store, first, REFUSED, known, at)
    assert _fates(store, told) == ["queued", "queued"]
    _answer(store, second, ACCEPTED, known, at)
    assert _fates(store, told) == ["queued", "queued", "sent"]


def test_an_expired_message_is_not_sent_and_not_paid(store: Database) -> None:
    told, known = a_notification(not_after=NOW + timedelta(minutes=5)), terms()
    _admit(store, told)
    assert _claim(store, known, NOW + timedelta(minutes=6)) == []
    assert _fates(store, told) == ["queued", "expired"]
    assert _credit(store) == (100, 0, 0)


def test_a_message_whose_provider_is_no_longer_configured_fails_with_its_credit_back(store: Database) -> None:
    told = a_notification()
    _admit(store, told)
    assert _claim(store, {}) == []
    assert _fates(store, told) == ["queued", "failed"]


def _report(claim: Claim, fate: Fate = Fate.DELIVERED, reason: Reason = Reason.DELIVERED) -> DeliveryReport:
    return DeliveryReport(provider="phone", client_ref=claim.client_ref, fate=fate, reason=reason, at=NOW)


@pytest.mark.parametrize("when", ["before the answer", "while uncertain", "twice", "after the answer"])
def test_a_report_proves_acceptance_and_is_counted_once(store: Database, when: str) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [claim] = _claim(store, known)
    if when == "while uncertain":
        _answer(store, claim, SILENT, known)
    if when in ("after the answer", "twice"):
        _answer(store, claim, ACCEPTED, known)
    for _ in range(2 if when == "twice" else 1):
        store.write(lambda c: reports.report(c, _report(claim), NOW))
    if when == "before the answer":
        _answer(store, claim, ACCEPTED, known)
    assert _fates(store, told)[-2:] == ["sent", "delivered"]
    assert _fates(store, told).count("delivered") == 1
    assert _credit(store) == (99, 0, 1)
    assert store.read(ledger.differences) == []


def test_a_report_never_takes_back_what_is_known(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [claim] = _claim(store, known)
    _answer(store, claim, ACCEPTED, known)
    for fate, reason in ((Fate.DELIVERED, Reason.DELIVERED), (Fate.UNDELIVERED, Reason.PHONE_OFF)):
        store.write(lambda c: reports.report(c, _report(claim, fate, reason), NOW))  # noqa: B023
    assert _fates(store, told) == ["queued", "sent", "delivered"]


def test_a_report_under_the_providers_own_reference_waits_for_the_answer_that_names_it(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [claim] = _claim(store, known)
    early = DeliveryReport(provider="phone", provider_ref="p1", fate=Fate.DELIVERED, reason=Reason.DELIVERED, at=NOW)
    store.write(lambda c: reports.report(c, early, NOW))
    assert _fates(store, told) == ["queued"]
    _answer(store, claim, ACCEPTED, known)
    assert _fates(store, told) == ["queued", "sent", "delivered"]


def test_a_report_for_a_message_of_another_provider_changes_nothing(store: Database) -> None:
    told, known = a_notification(), terms()
    _admit(store, told)
    [claim] = _claim(store, known)
    forged = _report(claim).model_copy(update={"provider": "other"})
    store.write(lambda c: reports.report(c, forged, NOW))
    assert _fates(store, told) == ["queued"]


def test_lanes_are_served_eight_to_three_to_one_and_none_starves(store: Database) -> None:
    told = [a_notification(n, lane=Lane(1 + n % 3)) for n in range(120)]
    _admit(store, *told, parts=1000)
    known, lanes = terms(), []
    for _ in range(24):
        [claim] = _claim(store, known, room=1)
        row = store.read(
            lambda c: c.execute(sa.select(message.c.lane).where(message.c.id == claim.message.id))  # noqa: B023
        )
        lanes.append(row.scalar_one())
    assert [lanes.count(lane) for lane in (1, 2, 3)] == [16, 6, 2]


def test_accounts_take_turns_inside_a_lane(store: Database) -> None:
    told = [a_notification(n, account="anna") for n in range(50)] + [a_notification(99, account="bert")]
    _admit(store, *told, parts=1000)
    claims = _claim(store, terms(), room=2)
    assert {claim.message.account for claim in claims} == {"anna", "bert"}


def test_an_attempt_is_durable_before_anyone_can_call_the_provider(store: Database) -> None:
    told = a_notification()
    _admit(store, told)
    [claim] = _claim(store, terms())
    row = store.read(lambda c: c.execute(sa.select(attempt)).one())
    assert (row.state, row.client_ref) == ("in_flight", claim.client_ref)


def test_a_provider_at_ten_in_a_second_gets_no_more_also_after_a_rest(store: Database) -> None:
    if store.url.startswith("postgresql"):
        pytest.skip("there the server's clock counts, which no test sets: see test_many_workers.py")
    _admit(store, *(a_notification(n) for n in range(100)))
    known = terms(rate=10.0)
    moments: list[datetime] = []
    for begin in (NOW, NOW + timedelta(minutes=5)):
        for step in range(100):
            now = begin + timedelta(milliseconds=17 * step)
            taken = store.write(lambda c: send_queue.claim(c, known, 16, lambda: now))  # noqa: B023
            moments += [each.not_before for each in taken.claims]
            assert taken.wait is not None
    assert all(moment >= NOW for moment in moments)
    within = [sum(at <= each < at + timedelta(seconds=1) for each in moments) for at in moments]
    assert max(within) == 10
    assert len(moments) == 2 * 18


def test_a_report_that_nothing_asked_for_is_forgotten_after_the_window(store: Database) -> None:
    lost = DeliveryReport(provider="phone", provider_ref="?", fate=Fate.DELIVERED, reason=Reason.DELIVERED, at=NOW)
    store.write(lambda c: reports.report(c, lost, NOW))
    for now, left in ((NOW + messages.WINDOW, 1), (NOW + messages.WINDOW + timedelta(seconds=1), 0)):
        store.write(lambda c: sweep.sweep(c, now))  # noqa: B023
        assert len(store.read(lambda c: c.execute(sa.text("SELECT ref FROM parked_report")).all())) == left

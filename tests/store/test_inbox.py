"""Admission is one transaction: once per notification, folded through the batch, with a reason for every no."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine.account import Contact
from engine.admission.standing import Bucket
from engine.money import Money
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import accounts, inbox, ledger, receipts
from engine.store.database import Database
from engine.store.tables import consent, message, notification
from tests.builders import NOW, a_notification, a_quote, an_account

EUR = "EUR"


def _verdicts(store: Database) -> list[str]:
    rows = store.read(lambda c: c.execute(sa.select(notification.c.reason).order_by(notification.c.admitted_at)))
    return sorted(rows.scalars())


def test_a_notification_is_admitted_once_however_often_it_comes(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW))
    asked = [(a_notification(1), a_quote()), (a_notification(1), a_quote())]
    assert store.write(lambda c: inbox.take_in(c, asked, EUR, NOW)) == 1
    assert store.write(lambda c: inbox.take_in(c, asked, EUR, NOW)) == 0
    shown = store.read(lambda c: ledger.credits(c, "anna"))[0]
    assert (shown.available, shown.held) == (4, 1)


def test_two_messages_of_one_batch_cannot_spend_the_same_credit(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=3)], "v", NOW))
    asked = [(a_notification(n), a_quote()) for n in range(5)]
    store.write(lambda c: inbox.take_in(c, asked, EUR, NOW))
    assert _verdicts(store) == ["admitted"] * 3 + ["no_credit"] * 2
    assert store.read(ledger.differences) == []


def test_the_daily_cap_counts_over_batches_and_opens_at_midnight_in_the_accounts_zone(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=100, cap=2)], "v", NOW))
    for n in range(3):
        store.write(lambda c: inbox.take_in(c, [(a_notification(n), a_quote())], EUR, NOW))  # noqa: B023
    assert _verdicts(store) == ["admitted", "admitted", "daily_cap"]
    late = NOW.replace(hour=22, minute=59)  # 23:59 in Brussels
    store.write(lambda c: inbox.take_in(c, [(a_notification(10), a_quote())], EUR, late))
    early = late + timedelta(minutes=2)
    store.write(lambda c: inbox.take_in(c, [(a_notification(11), a_quote())], EUR, early))
    assert _verdicts(store) == ["admitted"] * 3 + ["daily_cap"] * 2


def test_a_message_of_two_parts_with_one_part_left_is_paid_whole_by_the_balance(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=1)], "v", NOW))
    store.write(lambda c: ledger.topup(c, "anna", Money.parse("1", EUR), "k", NOW, "me"))
    store.write(lambda c: inbox.take_in(c, [(a_notification(1), a_quote(2))], EUR, NOW))
    held = {each.bucket: (each.available, each.held) for each in store.read(lambda c: ledger.credits(c, "anna"))}
    assert held == {Bucket.ALLOWANCE: (1, 0), Bucket.BALANCE: (10_000 - 1600, 1600)}


def test_no_road_and_no_account_are_refusals_with_a_receipt(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account()], "v", NOW))
    lost, stranger = a_notification(1), a_notification(2, account="nobody")
    store.write(lambda c: inbox.take_in(c, [(lost, Reason.NO_ROUTE), (stranger, a_quote())], EUR, NOW))
    for told, reason in ((lost, Reason.NO_ROUTE), (stranger, Reason.UNKNOWN_ACCOUNT)):
        facts = store.read(lambda c: receipts.of_notification(c, told.id))  # noqa: B023
        assert [(each.fate, each.reason) for each in facts] == [(Fate.REFUSED, reason)]
    assert store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(message)).scalar_one()) == 0


def test_an_account_gone_from_the_files_is_frozen_and_tells_nobody(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v1", NOW))
    store.write(lambda c: accounts.upsert(c, [], "v2", NOW))
    store.write(lambda c: inbox.take_in(c, [(a_notification(1), a_quote())], EUR, NOW))
    assert _verdicts(store) == ["account_frozen"]


def test_a_number_taken_out_of_the_file_withdraws_consent_and_put_back_gives_it_again(store: Database) -> None:
    account = an_account(parts=5)
    for number, numbers in enumerate([account.numbers, (), account.numbers]):
        changed = account.model_copy(update={"numbers": numbers})
        store.write(lambda c: accounts.upsert(c, [changed], "v", NOW))  # noqa: B023
        store.write(lambda c: inbox.take_in(c, [(a_notification(number), a_quote())], EUR, NOW))  # noqa: B023
    assert _verdicts(store) == ["admitted", "admitted", "no_consent"]


BERT = Contact(id="bert", numbers=("+32470000002",), email="bert@x.example", fax="+3222222222", agreed="by mail")


@pytest.mark.parametrize(
    ("contacts", "agreed"),
    [
        ([BERT], {"+32470000002": None, "bert@x.example": None, "+3222222222": None}),
        ([BERT.model_copy(update={"email": ""})], {"+32470000002": None, "+3222222222": None}),
        ([BERT.model_copy(update={"agreed": ""})], {}),
        ([], {}),
    ],
    ids=["agreed", "without an address", "not agreed", "nobody"],
)
def test_a_contact_may_be_told_once_agreed_and_no_longer_when_that_is_taken_back(
    store: Database, contacts: list[Contact], agreed: dict[str, None]
) -> None:
    def addresses(connection: sa.Connection) -> list[str]:
        now = sa.select(consent.c.address).where(consent.c.withdrawn_at.is_(None), consent.c.source == "agreed")
        return list(connection.execute(now).scalars())

    for given in ([BERT], contacts, [BERT], contacts):
        store.write(lambda c: accounts.upsert(c, [an_account()], "v", NOW, {"anna": given}))  # noqa: B023
    assert dict.fromkeys(store.read(addresses)) == agreed


def test_a_number_that_is_the_owners_own_stays_when_a_contact_with_it_goes(store: Database) -> None:
    twin = BERT.model_copy(update={"numbers": an_account().numbers})
    for given in ([twin], []):
        store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW, {"anna": given}))  # noqa: B023
    store.write(lambda c: inbox.take_in(c, [(a_notification(1), a_quote())], EUR, NOW))
    assert _verdicts(store) == ["admitted"]

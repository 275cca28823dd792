"""What people say themselves of being told, and who wrote to them, on both databases."""

from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from engine.account import Contact
from engine.message import message_id
from engine.store import accounts, consents, correspondence, inbox, ledger, send_queue
from engine.store.consents import Said
from engine.store.database import Database
from engine.store.tables import consent, message
from tests.builders import NOW, PHONE, a_notification, a_quote, an_account, terms

JAN = "+32470000077"
MAIL = "jan@example.org"
CONTACT = Contact(id="jan", numbers=(JAN,), email=MAIL, agreed="by mail")


def fill(store: Database) -> None:
    people = [an_account("anna", parts=100), an_account("bert", parts=100)]
    known = {each.id: [CONTACT] for each in people}
    store.write(lambda c: accounts.upsert(c, people, "v", NOW, known))


def say(store: Database, account: str, *, stop: bool, address: str = JAN) -> None:
    said = Said(uuid4(), address, account, stop)
    store.write(lambda c: consents.heed(c, [said], NOW))


def stopped(store: Database) -> set[tuple[str, str]]:
    rows = sa.select(consent.c.account_id, consent.c.address).where(consent.c.stopped_at.is_not(None))
    return {(row.account_id, row.address) for row in store.read(lambda c: c.execute(rows).all())}


def test_a_stop_is_for_one_account_and_one_address_or_for_all_accounts(store: Database) -> None:
    fill(store)
    say(store, "anna", stop=True)
    assert stopped(store) == {("anna", JAN)}
    say(store, "", stop=True)
    assert stopped(store) == {("anna", JAN), ("bert", JAN)}
    say(store, "anna", stop=False)
    assert stopped(store) == {("bert", JAN)}
    say(store, "", stop=True, address="+32470000099")
    assert stopped(store) == {("bert", JAN)}


def test_what_is_queued_ends_and_its_credit_comes_back_and_other_numbers_are_told(store: Database) -> None:
    fill(store)
    told = [a_notification(n, address=JAN if n < 3 else PHONE, recipient=f"r{n}") for n in range(5)]
    store.write(lambda c: inbox.take_in(c, [(each, a_quote()) for each in told], "EUR", NOW))
    say(store, "anna", stop=True)
    fates = store.read(lambda c: c.execute(sa.select(message.c.fate)).scalars().all())
    assert sorted(fates) == ["queued"] * 2 + ["withdrawn"] * 3
    assert store.read(ledger.differences) == []
    assert store.write(lambda c: ledger.open_purses(c, ["anna"], "EUR", NOW))["anna"].allowance == 98


def test_the_last_who_sent_to_a_number_through_a_provider_is_found(store: Database) -> None:
    fill(store)
    for number, (account, minutes) in enumerate([("bert", 0), ("anna", 1)]):
        at = NOW + timedelta(minutes=minutes)
        told = a_notification(number, account=account, address=JAN)
        store.write(lambda c, told=told, at=at: inbox.take_in(c, [(told, a_quote())], "EUR", at))
        store.write(lambda c, at=at: send_queue.claim(c, terms(), 10, lambda: at))

    def who(provider: str = "phone", number: str = JAN, minutes: int = 0) -> str:
        since = NOW + timedelta(minutes=minutes)
        return store.read(lambda c: correspondence.who_wrote(c, provider, number, since))

    assert (who(), who("other"), who(number=PHONE), who(minutes=2)) == ("anna", "", "", "")


def test_who_is_told_by_mail_unsubscribes_by_the_message_from_the_account_that_sent_it(store: Database) -> None:
    fill(store)
    told = a_notification(1, address=JAN)
    store.write(lambda c: inbox.take_in(c, [(told, a_quote())], "EUR", NOW))
    sent = message_id(told.id, told.channel)
    assert store.read(lambda c: consents.readers(c, uuid4())) is None
    [reader] = store.read(lambda c: consents.readers(c, sent)) or []
    assert (reader.account, reader.address, reader.stopped) == ("anna", MAIL, False)
    for hours in (0, 1):
        at = NOW + timedelta(hours=hours)
        store.write(lambda c, at=at: consents.unsubscribe(c, reader, at))
        when = sa.select(consent.c.account_id, consent.c.address, consent.c.stopped_at)
        rows = store.read(lambda c, when=when: c.execute(when.where(consent.c.stopped_at.is_not(None))).all())
        assert [tuple(row) for row in rows] == [("anna", MAIL, NOW)]
    assert [each.stopped for each in store.read(lambda c: consents.readers(c, sent)) or []] == [True]


def test_a_contact_has_agreed_and_the_owner_need_not(store: Database) -> None:
    fill(store)
    asked = [("anna", MAIL), ("bert", JAN), ("anna", PHONE), ("anna", "nobody@example.org"), ("carl", MAIL)]
    told = [store.read(lambda c, each=each: consents.has_agreed(c, *each)) for each in asked]
    assert told == [True, True, False, False, False]

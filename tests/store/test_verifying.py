"""Codes that prove a number: guessed, repeated, too old, too many, two at once; on both databases."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.cli.verifying import compose
from engine.message import message_id
from engine.notification import Notification
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import accounts, attempts, ledger, receipts, send_queue, sweep, verifying
from engine.store.database import Database
from engine.store.tables import consent, message, message_content, verification_code, verified
from engine.store.trial import PAYER
from engine.store.verifying import Wish
from engine.verification import LIFE, MOST_AN_HOUR, TRIES, Outcome, hide
from tests.builders import ACCEPTED, NOW, PHONE, a_quote, an_account, terms

OTHER = "+32470000009"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SALT = b"salt"


def _ask(
    store: Database, code: str = "123456", at: datetime = NOW, *, account: str = "", to: str = OTHER
) -> Notification | None:
    told = compose(account or PAYER, to, f"{code} is your code", at, code)
    wish = Wish(told, a_quote(), "EUR", account, SALT, hide(code, SALT))
    return told if store.write(lambda c: verifying.ask(c, wish, at), {wish.told.account, PAYER}) else None


def _check(store: Database, code: str, at: datetime = NOW, to: str = OTHER) -> tuple[Outcome, int]:
    return store.write(lambda c: verifying.check(c, to, code, at), {PAYER})


def _proven(store: Database) -> list[tuple[str, str]]:
    rows = store.read(lambda c: c.execute(sa.select(verified)).all())
    return [(row.account_id, row.address) for row in rows]


def _last(store: Database, told: Notification) -> tuple[Fate, Reason]:
    last = store.read(lambda c: receipts.of_notification(c, told.id))[-1]
    return last.fate, last.reason


def test_the_right_code_proves_the_number_for_the_account_that_asked(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW))
    assert _ask(store, account="anna")
    assert _check(store, "123 456") == (Outcome.VERIFIED, 4)
    assert _proven(store) == [("anna", OTHER)]
    assert store.read(lambda c: verifying.unverified(c, "anna", [OTHER, PHONE])) == [PHONE]
    assert store.read(lambda c: verifying.unverified(c, "bert", [OTHER])) == [OTHER]


def test_what_is_proven_for_nobody_s_account_counts_for_each(store: Database) -> None:
    assert _ask(store)
    assert _check(store, "123456")[0] is Outcome.VERIFIED
    assert store.read(lambda c: verifying.unverified(c, "bert", [OTHER])) == []


def test_a_code_is_good_once_and_may_be_proven_again_by_another(store: Database) -> None:
    _ask(store)
    assert _check(store, "123456")[0] is Outcome.VERIFIED
    assert _check(store, "123456") == (Outcome.NO_CODE, 0)
    _ask(store, "654321", NOW + MINUTE)
    assert _check(store, "654321", NOW + MINUTE)[0] is Outcome.VERIFIED
    assert _proven(store) == [("", OTHER)]


def test_after_five_wrong_tries_the_right_code_is_no_good(store: Database) -> None:
    _ask(store)
    said = [_check(store, f"{n:06d}") for n in range(TRIES)]
    assert said == [
        (Outcome.WRONG, 4),
        (Outcome.WRONG, 3),
        (Outcome.WRONG, 2),
        (Outcome.WRONG, 1),
        (Outcome.TRIED_OUT, 0),
    ]
    assert _check(store, "123456") == (Outcome.TRIED_OUT, 0)
    assert _proven(store) == []


def test_who_guesses_from_many_places_at_once_has_no_more_tries(store: Database) -> None:
    _ask(store)
    found: list[Outcome] = []
    guesses = [threading.Thread(target=lambda n=n: found.append(_check(store, f"{n:06d}")[0])) for n in range(12)]
    for each in guesses:
        each.start()
    for each in guesses:
        each.join()
    assert found.count(Outcome.WRONG) == TRIES - 1
    assert found.count(Outcome.TRIED_OUT) == 12 - TRIES + 1
    assert _check(store, "123456")[0] is Outcome.TRIED_OUT


@pytest.mark.parametrize(("late", "outcome"), [(-SECOND, Outcome.VERIFIED), (timedelta(0), Outcome.NO_CODE)])
def test_a_code_is_good_for_ten_minutes(store: Database, late: timedelta, outcome: Outcome) -> None:
    _ask(store)
    assert _check(store, "123456", NOW + LIFE + late)[0] is outcome


def test_of_two_codes_at_once_either_is_good_and_a_try_counts_for_both(store: Database) -> None:
    _ask(store, "111111", NOW)
    _ask(store, "222222", NOW + SECOND)
    for n in range(TRIES - 2):
        assert _check(store, f"{n:06d}", NOW + MINUTE)[0] is Outcome.WRONG
    assert _check(store, "111111", NOW + MINUTE) == (Outcome.VERIFIED, 1)
    assert _check(store, "333333", NOW + MINUTE) == (Outcome.TRIED_OUT, 0)
    assert _check(store, "222222", NOW + MINUTE) == (Outcome.TRIED_OUT, 0)


def test_a_code_proves_no_other_number(store: Database) -> None:
    _ask(store)
    assert _check(store, "123456", to=PHONE) == (Outcome.NO_CODE, 0)


def test_a_number_gets_three_codes_an_hour_whoever_asks(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW))
    asked = [_ask(store, f"{n:06d}", NOW + n * MINUTE, account="anna" if n % 2 else "") for n in range(MOST_AN_HOUR)]
    assert None not in asked
    assert _ask(store, "999999", NOW + HOUR - SECOND) is None
    assert _check(store, "999999", NOW + HOUR - SECOND) == (Outcome.NO_CODE, 0)
    assert _ask(store, "888888", NOW + 5 * MINUTE, to=PHONE) is not None  # another number has its own
    assert _ask(store, "777777", NOW + HOUR) is not None


def test_who_asks_from_many_places_at_once_gets_no_more(store: Database) -> None:
    found: list[bool] = []
    asking = [
        threading.Thread(target=lambda n=n: found.append(_ask(store, f"{n:06d}", NOW + n * SECOND) is not None))
        for n in range(8)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert found.count(True) == MOST_AN_HOUR


def test_the_account_pays_within_its_credit_and_lends_no_lasting_consent(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=1)], "v", NOW))
    before = store.read(lambda c: c.execute(sa.select(consent)).all())
    first, second = _ask(store, "1", NOW, account="anna"), _ask(store, "2", NOW + SECOND, account="anna")
    assert first is not None
    assert second is not None
    assert _last(store, first) == (Fate.QUEUED, Reason.ADMITTED)
    assert _last(store, second) == (Fate.REFUSED, Reason.NO_CREDIT)
    assert store.read(lambda c: ledger.credits(c, "anna"))[0].held == 1
    assert store.read(ledger.differences) == []
    assert store.read(lambda c: c.execute(sa.select(consent)).all()) == before


def test_beyond_the_account_s_cap_it_is_refused_and_not_collected(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5, cap=1)], "v", NOW))
    _ask(store, "1", NOW, account="anna")
    told = _ask(store, "2", NOW + SECOND, account="anna")
    assert told is not None
    assert _last(store, told) == (Fate.REFUSED, Reason.DAILY_CAP)


def test_who_withdrew_consent_is_sent_no_code(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW))
    store.write(lambda c: c.execute(sa.update(consent).values(withdrawn_at=NOW)))
    told = _ask(store, account="anna", to=PHONE)
    assert told is not None
    assert _last(store, told) == (Fate.REFUSED, Reason.NO_CONSENT)


def test_a_code_goes_first_and_never_too_late(store: Database) -> None:
    told = _ask(store)
    assert told is not None
    [row] = store.read(lambda c: c.execute(sa.select(message)).all())
    assert (row.lane, row.not_after) == (1, NOW + LIFE)
    found = store.write(lambda c: send_queue.claim(c, terms(), 10, lambda: NOW + LIFE + SECOND))
    assert found.claims == []
    assert _last(store, told)[0] is Fate.EXPIRED


def test_the_store_keeps_no_code(store: Database) -> None:
    told = _ask(store)
    assert told is not None
    [row] = store.read(lambda c: c.execute(sa.select(verification_code)).all())
    assert all("123456" not in str(value) for value in row)
    id = message_id(told.id, told.channel)
    store.write(lambda c: verifying.forget_text(c, id))  # it is still to be sent
    [claim] = store.write(lambda c: send_queue.claim(c, terms(), 10, lambda: NOW)).claims
    assert "123456" in claim.message.text
    store.write(lambda c: attempts.answer(c, claim, ACCEPTED, terms()["phone"], NOW, HOUR))
    store.write(lambda c: verifying.forget_text(c, id))
    assert store.read(lambda c: c.execute(sa.select(message_content)).all()) == []


def test_what_nobody_looked_after_is_swept(store: Database) -> None:
    _ask(store)
    store.write(lambda c: sweep.sweep(c, NOW + HOUR + SECOND))
    for table in (verification_code, message_content):
        assert store.read(lambda c: c.execute(sa.select(table)).all()) == []  # noqa: B023

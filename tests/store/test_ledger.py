"""The ledger never lies: a model beside it, every sum, every key."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from engine.admission.standing import Bucket
from engine.identity import TOCSIN
from engine.money import Money
from engine.store import accounts, ledger, revision
from engine.store.database import Database
from tests.builders import NOW, an_account

EUR = "EUR"


def _message(number: int) -> UUID:
    return uuid5(TOCSIN, f"message {number}")


def _open(store: Database, parts: int = 10, now: datetime = NOW, **other: object) -> ledger.Purse:
    account = an_account(parts=parts, **other)
    store.write(lambda c: accounts.upsert(c, [account], "v", now))
    return store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, now))["anna"]


def test_the_months_allowance_is_granted_once_however_often_it_is_asked_for(store: Database) -> None:
    for _ in range(3):
        purse = _open(store, parts=10)
    assert purse.allowance == 10
    assert store.read(ledger.differences) == []


def test_a_raised_plan_posts_the_difference_at_once_and_a_lowered_one_takes_nothing_back(store: Database) -> None:
    assert _open(store, parts=10).allowance == 10
    assert _open(store, parts=25).allowance == 25
    assert _open(store, parts=5).allowance == 25


def test_the_same_payment_counts_once(store: Database) -> None:
    _open(store)
    amount = Money.parse("5", EUR)
    new = [store.write(lambda c: ledger.topup(c, "anna", amount, "payment-1", NOW, "me")) for _ in range(2)]
    assert new == [True, False]
    assert store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, NOW))["anna"].balance == amount.minor


def test_settle_and_release_share_a_key_so_only_the_first_wins(store: Database) -> None:
    purse = _open(store)
    store.write(lambda c: ledger.reserve(c, _message(1), purse.allowance_id, 2, NOW))
    assert store.write(lambda c: ledger.settle(c, _message(1), purse.allowance_id, 2, NOW))
    assert not store.write(lambda c: ledger.release(c, _message(1), purse.allowance_id, 2, NOW))
    shown = store.read(lambda c: ledger.credits(c, "anna"))[0]
    assert (shown.available, shown.held, shown.spent) == (8, 0, 2)


def test_a_part_released_after_its_month_lapses_and_money_does_not(store: Database) -> None:
    purse = _open(store, parts=3)
    store.write(lambda c: ledger.topup(c, "anna", Money.parse("1", EUR), "k", NOW, "me"))
    purse = store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, NOW))["anna"]
    store.write(lambda c: ledger.reserve(c, _message(1), purse.allowance_id, 2, NOW))
    store.write(lambda c: ledger.reserve(c, _message(2), purse.balance_id, 800, NOW))
    december = NOW + timedelta(days=20)
    later = store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, december))["anna"]
    assert (later.period, later.allowance) == ("2026-12", 3)
    store.write(lambda c: ledger.release(c, _message(1), purse.allowance_id, 2, december))
    store.write(lambda c: ledger.release(c, _message(2), purse.balance_id, 800, december))
    after = store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, december))["anna"]
    assert (after.allowance, after.balance) == (3, 10_000)
    november = {each.period: each for each in store.read(lambda c: ledger.credits(c, "anna"))}["2026-11"]
    assert (november.available, november.held) == (0, 0)


def test_a_clock_that_goes_back_over_the_months_end_grants_nothing_twice(store: Database) -> None:
    december = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
    assert _open(store, parts=10, now=december).period == "2026-12"
    back = store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, NOW))["anna"]
    assert (back.period, back.allowance) == ("2026-12", 10)


def test_a_change_of_zone_grants_no_month_twice(store: Database) -> None:
    edge = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    assert _open(store, now=edge, zone="Pacific/Kiritimati").period == "2026-12"
    assert _open(store, now=edge, zone="America/Havana").period == "2026-12"
    granted = store.read(
        lambda c: c.execute(sa.text("SELECT count(*) FROM transfer WHERE kind = 'grant'")).scalar_one()
    )
    assert granted == 1


@pytest.mark.parametrize("verb", ["UPDATE transfer SET units = 9", "DELETE FROM transfer"])
def test_the_database_refuses_to_change_what_the_ledger_says(store: Database, verb: str) -> None:
    _open(store)
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        store.write(lambda c: c.execute(sa.text(verb)))


def test_the_database_refuses_a_bucket_below_zero_whatever_the_code_does(store: Database) -> None:
    purse = _open(store, parts=1)
    with pytest.raises(sa.exc.IntegrityError, match="never_below_zero"):
        store.write(lambda c: ledger.reserve(c, _message(1), purse.allowance_id, 2, NOW))
    assert store.read(ledger.differences) == []


def test_a_tampered_balance_is_found(store: Database) -> None:
    _open(store, parts=1)
    store.write(lambda c: c.execute(sa.text("UPDATE ledger_account SET balance = 7 WHERE kind = 'allowance'")))
    found = store.read(ledger.differences)
    assert any("balance 7, transfers 1" in each for each in found)
    assert any("sum to 6" in each for each in found)


ZONES = ["Europe/Brussels", "America/Asuncion", "Pacific/Apia", "Asia/Kolkata", "America/Havana", "Africa/Cairo"]


class LedgerMachine(RuleBasedStateMachine):
    """Any sequence of top-ups, reservations, ends and months leaves the ledger as a plain model has it."""

    messages = Bundle("messages")

    def __init__(self, fresh: Callable[[], str]) -> None:
        super().__init__()
        self.fresh = fresh

    @initialize(
        zone=st.sampled_from(ZONES),
        parts=st.integers(0, 5),
        start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    )
    def begin(self, zone: str, parts: int, start: datetime) -> None:
        self.store = Database(self.fresh())
        revision.ensure(self.store)
        self.zone, self.parts, self.now = ZoneInfo(zone), parts, start.replace(tzinfo=UTC)
        account = an_account(parts=parts, zone=zone)
        self.store.write(lambda c: accounts.upsert(c, [account], "v", self.now))
        self.balance, self.spent, self.count = 0, 0, 0
        self.allowance: dict[str, int] = {}
        self.held: dict[int, tuple[Bucket, int, int, str]] = {}
        self.payments: set[int] = set()

    def _purse(self) -> ledger.Purse:
        return self.store.write(lambda c: ledger.open_purses(c, ["anna"], EUR, self.now))["anna"]

    def _month(self) -> str:
        return accounts.period_of(self.now, str(self.zone))

    @rule(seconds=st.integers(0, 40 * 86_400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(payment=st.integers(0, 6), units=st.integers(1, 4))
    def top_up(self, payment: int, units: int) -> None:
        amount = Money(minor=units, currency=EUR)
        new = self.store.write(lambda c: ledger.topup(c, "anna", amount, str(payment), self.now, "me"))
        assert new == (payment not in self.payments)
        self.payments.add(payment)
        self.balance += units if new else 0

    @rule(target=messages, units=st.integers(1, 4))
    def reserve(self, units: int) -> int:
        purse = self._purse()
        month = self.allowance.setdefault(self._month(), self.parts)
        assert (purse.allowance, purse.balance) == (month, self.balance)
        self.count += 1
        bucket = Bucket.ALLOWANCE if units <= purse.allowance else Bucket.BALANCE
        if bucket is Bucket.BALANCE and units > purse.balance:
            return self.count
        bucket_id = purse.bucket_id(bucket)
        self.store.write(lambda c: ledger.reserve(c, _message(self.count), bucket_id, units, self.now))
        self.held[self.count] = (bucket, bucket_id, units, self._month())
        if bucket is Bucket.ALLOWANCE:
            self.allowance[self._month()] -= units
        else:
            self.balance -= units
        return self.count

    @rule(number=messages)
    def settle(self, number: int) -> None:
        if number in self.held:
            _, bucket_id, units, _ = self.held.pop(number)
            assert self.store.write(lambda c: ledger.settle(c, _message(number), bucket_id, units, self.now))
            assert not self.store.write(lambda c: ledger.release(c, _message(number), bucket_id, units, self.now))
            self.spent += units

    @rule(number=messages)
    def release(self, number: int) -> None:
        if number in self.held:
            self._purse()
            bucket, bucket_id, units, month = self.held.pop(number)
            assert self.store.write(lambda c: ledger.release(c, _message(number), bucket_id, units, self.now))
            if bucket is Bucket.BALANCE:
                self.balance += units
            elif month == self._month():
                self.allowance[month] += units

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self.store.read(ledger.differences) == []
        shown = self.store.read(lambda c: ledger.credits(c, "anna"))
        assert sum(each.spent for each in shown) == self.spent
        assert sum(each.held for each in shown) == sum(units for _, _, units, _ in self.held.values())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


def test_any_sequence_leaves_the_ledger_as_a_plain_model_has_it(fresh: Callable[[], str]) -> None:
    run_state_machine_as_test(
        lambda: LedgerMachine(fresh),
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

"""An account's credit in words."""

from datetime import datetime

from engine.money import Money
from engine.settings import Settings
from engine.store import ledger
from engine.store.database import Database
from engine.store.ledger import PART, Credit
from engine.wiring import clock


def read_credit(store: Database, wanted: Settings, account: str, now: datetime | None = None) -> list[Credit]:
    """The account's buckets at this moment. Opens the present month, so that its allowance is there to see."""
    moment = now or clock()
    currency = wanted.tariff.currency
    store.write(lambda connection: ledger.open_purses(connection, [account], currency, moment))
    return store.read(lambda connection: ledger.credits(connection, account))


def describe(credit: Credit) -> str:
    """``allowance 2026-11: 8 parts left, 1 set aside, 1 sent``."""
    if credit.unit == PART:
        return (
            f"allowance {credit.period}: {credit.available} {_parts(credit.available)} left (lapses at the end of"
            f" the month), {credit.held} set aside, {credit.spent} sent"
        )
    left, held, spent = (_money(each, credit.unit) for each in (credit.available, credit.held, credit.spent))
    return f"balance: {left} left (never lapses), {held} set aside, {spent} spent"


def _parts(count: int) -> str:
    return "part" if count == 1 else "parts"


def _money(minor: int, currency: str) -> str:
    return str(Money(minor=minor, currency=currency))

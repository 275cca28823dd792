"""What stands wrong at the moment, and since when: so that each is told once, however often it is seen."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from engine.admission.standing import Bucket
from engine.event import What
from engine.store.database import insert_new
from engine.store.ledger import PART
from engine.store.tables import account, incident, ledger_account


def begin(connection: sa.Connection, account_id: str, what: What, subject: str, now: datetime) -> datetime:
    """It stands wrong; answers since when, which is `now` only for the first who sees it."""
    row = {"account_id": account_id, "what": what.value, "subject": subject, "began_at": now}
    insert_new(connection, incident, [row])
    found: datetime = connection.execute(
        sa.select(incident.c.began_at).where(_is(account_id, what), incident.c.subject == subject)
    ).scalar_one()
    return found


def end(connection: sa.Connection, account_id: str, what: What, subject: str) -> None:
    """It is well again; the next time is a new one."""
    connection.execute(sa.delete(incident).where(_is(account_id, what), incident.c.subject == subject))


def standing(connection: sa.Connection, what: What, accounts: Collection[str]) -> set[str]:
    """Those of the accounts for which this stands wrong."""
    rows = sa.select(incident.c.account_id).where(incident.c.what == what.value, incident.c.account_id.in_(accounts))
    return set(connection.execute(rows).scalars())


def subjects(connection: sa.Connection, what: What) -> set[tuple[str, str]]:
    """(account, subject) of all for which this stands wrong."""
    rows = sa.select(incident.c.account_id, incident.c.subject).where(incident.c.what == what.value)
    return {(row.account_id, row.subject) for row in connection.execute(rows)}


def left(connection: sa.Connection, accounts: Collection[str], currency: str) -> dict[str, tuple[int, int]]:
    """(parts of the present month's allowance, minor units of the balance) that each account can still spend."""
    allowance = (ledger_account.c.kind == Bucket.ALLOWANCE.value) & (ledger_account.c.unit == PART)
    rows = connection.execute(
        sa.select(ledger_account.c.account_id, ledger_account.c.unit, ledger_account.c.balance)
        .join(account, account.c.id == ledger_account.c.account_id)
        .where(
            ledger_account.c.account_id.in_(accounts),
            sa.or_(
                allowance & (ledger_account.c.period == account.c.period),
                (ledger_account.c.kind == Bucket.BALANCE.value) & (ledger_account.c.unit == currency),
            ),
        )
    )
    found = dict.fromkeys(accounts, (0, 0))
    for row in rows:
        parts, money = found[row.account_id]
        found[row.account_id] = (row.balance, money) if row.unit == PART else (parts, row.balance)
    return found


def _is(account_id: str, what: What) -> sa.ColumnElement[bool]:
    return (incident.c.account_id == account_id) & (incident.c.what == what.value)

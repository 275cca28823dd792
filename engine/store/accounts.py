"""The configuration becomes rows: accounts and the consent that their owners' own numbers give."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.account import Account, ConsentSource
from engine.store.database import insert_new, put
from engine.store.tables import account, configuration, consent


def period_of(now: datetime, zone: str) -> str:
    """The month an account is in, as its zone's calendar names it: no arithmetic, so no DST can break it."""
    local = now.astimezone(ZoneInfo(zone))
    return f"{local.year:04d}-{local.month:02d}"


def upsert(connection: sa.Connection, accounts: Sequence[Account], version: str, now: datetime) -> None:
    """Make the rows say what the files say. An account that is gone from the files is frozen, never erased."""
    rows = connection.execute(sa.select(account.c.id).order_by(account.c.id).with_for_update(key_share=True))
    known = set(rows.scalars())
    # In order: another worker that starts now writes the same rows.
    for each in sorted(accounts, key=lambda each: each.id):
        values = {
            "language": each.language,
            "zone": each.zone,
            "parts_per_month": each.plan.parts_per_month,
            "daily_cap": each.plan.daily_cap,
            "frozen": False,
        }
        if each.id not in known:
            new = {"id": each.id, "period": period_of(now, each.zone), **values}
            insert_new(connection, account, [new])
        connection.execute(sa.update(account).where(account.c.id == each.id).values(**values))
        _agree(connection, each, now)
    gone = known - {each.id for each in accounts}
    if gone:
        connection.execute(sa.update(account).where(account.c.id.in_(gone)).values(frozen=True))
    row = {"id": 1, "version": version, "at": now}
    connection.execute(put(connection, configuration, "version", "at"), [row])


def _agree(connection: sa.Connection, each: Account, now: datetime) -> None:
    """The owner's own numbers are consent by configuration; a number taken out of the file withdraws it."""
    rows = connection.execute(sa.select(consent).where(consent.c.account_id == each.id)).all()
    mine = (consent.c.account_id == each.id) & (consent.c.source == ConsentSource.CONFIGURATION.value)
    known = {row.address for row in rows}
    source = ConsentSource.CONFIGURATION.value
    new = [
        {"account_id": each.id, "address": address, "source": source, "given_at": now}
        for address in sorted(set(each.numbers) - known)
    ]
    if new:
        insert_new(connection, consent, new)
    # Writing a number into one's own file again is a fresh consent.
    again = mine & consent.c.address.in_(each.numbers) & consent.c.withdrawn_at.is_not(None)
    connection.execute(sa.update(consent).where(again).values(given_at=now, withdrawn_at=None))
    away = mine & consent.c.address.not_in(each.numbers) & consent.c.withdrawn_at.is_(None)
    connection.execute(sa.update(consent).where(away).values(withdrawn_at=now))


def introduce(connection: sa.Connection, accounts: Sequence[Account], now: datetime) -> None:
    """Make rows for accounts that have none yet: a command may be the first to meet a new account."""
    known = set(connection.execute(sa.select(account.c.id)).scalars())
    new = [
        {
            "id": each.id,
            "period": period_of(now, each.zone),
            "language": each.language,
            "zone": each.zone,
            "parts_per_month": each.plan.parts_per_month,
            "daily_cap": each.plan.daily_cap,
            "frozen": False,
        }
        for each in sorted(accounts, key=lambda each: each.id)
        if each.id not in known
    ]
    if new:
        insert_new(connection, account, new)

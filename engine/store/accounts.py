"""The configuration becomes rows: accounts and the consent that their owners' own numbers give."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.account import Account, ConsentSource
from engine.store.tables import account, configuration, consent


def period_of(now: datetime, zone: str) -> str:
    """The month an account is in, as its zone's calendar names it: no arithmetic, so no DST can break it."""
    local = now.astimezone(ZoneInfo(zone))
    return f"{local.year:04d}-{local.month:02d}"


def upsert(connection: sa.Connection, accounts: Sequence[Account], version: str, now: datetime) -> None:
    """Make the rows say what the files say. An account that is gone from the files is frozen, never erased."""
    known = {row.id: row for row in connection.execute(sa.select(account).with_for_update())}
    for each in accounts:
        values = {
            "language": each.language,
            "zone": each.zone,
            "parts_per_month": each.plan.parts_per_month,
            "daily_cap": each.plan.daily_cap,
            "frozen": False,
        }
        if each.id in known:
            connection.execute(sa.update(account).where(account.c.id == each.id).values(**values))
        else:
            period = period_of(now, each.zone)
            connection.execute(sa.insert(account).values(id=each.id, period=period, **values))
        _agree(connection, each, now)
    gone = set(known) - {each.id for each in accounts}
    if gone:
        connection.execute(sa.update(account).where(account.c.id.in_(gone)).values(frozen=True))
    connection.execute(sa.delete(configuration))
    connection.execute(sa.insert(configuration).values(id=1, version=version, at=now))


def _agree(connection: sa.Connection, each: Account, now: datetime) -> None:
    """The owner's own numbers are consent by configuration; a number taken out of the file withdraws it."""
    rows = connection.execute(sa.select(consent).where(consent.c.account_id == each.id)).all()
    mine = (consent.c.account_id == each.id) & (consent.c.source == ConsentSource.CONFIGURATION.value)
    known = {row.address for row in rows}
    for address in set(each.numbers) - known:
        connection.execute(
            sa.insert(consent).values(
                account_id=each.id, address=address, source=ConsentSource.CONFIGURATION.value, given_at=now
            )
        )
    # Writing a number into one's own file again is a fresh consent.
    again = mine & consent.c.address.in_(each.numbers) & consent.c.withdrawn_at.is_not(None)
    connection.execute(sa.update(consent).where(again).values(given_at=now, withdrawn_at=None))
    away = mine & consent.c.address.not_in(each.numbers) & consent.c.withdrawn_at.is_(None)
    connection.execute(sa.update(consent).where(away).values(withdrawn_at=now))


def introduce(connection: sa.Connection, accounts: Sequence[Account], now: datetime) -> None:
    """Make rows for accounts that have none yet: a command may be the first to meet a new account."""
    known = set(connection.execute(sa.select(account.c.id)).scalars())
    for each in accounts:
        if each.id not in known:
            connection.execute(
                sa.insert(account).values(
                    id=each.id,
                    period=period_of(now, each.zone),
                    language=each.language,
                    zone=each.zone,
                    parts_per_month=each.plan.parts_per_month,
                    daily_cap=each.plan.daily_cap,
                    frozen=False,
                )
            )

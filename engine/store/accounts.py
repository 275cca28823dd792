"""The configuration becomes rows: accounts, and the consent that their owners and contacts give."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.account import Account, ConsentSource, Contact
from engine.store.database import insert_new, put
from engine.store.tables import account, configuration, consent


def period_of(now: datetime, zone: str) -> str:
    """The month an account is in, as its zone's calendar names it: no arithmetic, so no DST can break it."""
    local = now.astimezone(ZoneInfo(zone))
    return f"{local.year:04d}-{local.month:02d}"


def upsert(
    connection: sa.Connection,
    accounts: Sequence[Account],
    version: str,
    now: datetime,
    contacts: Mapping[str, Sequence[Contact]] | None = None,
) -> None:
    """Make the rows say what the files say. An account that is gone from the files is frozen, never erased.

    `contacts` are those whom each account's rules may tell.
    """
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
        _agree(connection, each.id, _agreed(each, (contacts or {}).get(each.id, ())), now)
    gone = known - {each.id for each in accounts}
    if gone:
        connection.execute(sa.update(account).where(account.c.id.in_(gone)).values(frozen=True))
    row = {"id": 1, "version": version, "at": now}
    connection.execute(put(connection, configuration, "version", "at"), [row])


def _agreed(each: Account, contacts: Sequence[Contact]) -> Mapping[str, ConsentSource]:
    """Every address that may be told for this account: its owner's, and those of contacts who have agreed."""
    told = {
        address: ConsentSource.AGREED
        for contact in contacts
        if contact.agreed
        for address in (*contact.numbers, contact.email, contact.fax)
    }
    own = dict.fromkeys((*each.numbers, each.email), ConsentSource.CONFIGURATION)
    return {address: source for address, source in {**told, **own}.items() if address}


def _agree(connection: sa.Connection, account_id: str, agreed: Mapping[str, ConsentSource], now: datetime) -> None:
    """What the files say is consent; what is taken out of them withdraws it."""
    rows = connection.execute(sa.select(consent).where(consent.c.account_id == account_id)).all()
    written = [row for row in rows if row.source in set(ConsentSource)]
    new = [
        {"account_id": account_id, "address": address, "source": agreed[address].value, "given_at": now}
        for address in sorted(agreed.keys() - {row.address for row in rows})
    ]
    if new:
        insert_new(connection, consent, new)
    for row in written:
        source = agreed.get(row.address)
        this = (consent.c.account_id == account_id) & (consent.c.address == row.address)
        if source is None:
            if row.withdrawn_at is None:
                connection.execute(sa.update(consent).where(this).values(withdrawn_at=now))
        elif row.withdrawn_at is not None or row.source != source.value:
            # Writing it into the file again is a fresh consent.
            given = {"source": source.value, "given_at": now, "withdrawn_at": None}
            connection.execute(sa.update(consent).where(this).values(**given))


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


def version_in_force(connection: sa.Connection) -> str:
    """The version of the configuration that an engine last ran with; empty when none ever did."""
    return connection.execute(sa.select(configuration.c.version)).scalar_one_or_none() or ""

"""The configuration becomes rows: accounts, and the consent that their owners and contacts give."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
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


class _Given(NamedTuple):
    """What the files say of an address."""

    source: ConsentSource
    agreed: str = ""
    """How and when the contact agreed, as the file has it."""


def _agreed(each: Account, contacts: Sequence[Contact]) -> Mapping[str, _Given]:
    """Every address that may be told for this account: its owner's, and those of contacts who have agreed."""
    told = {
        address: _Given(ConsentSource.AGREED, contact.agreed)
        for contact in contacts
        if contact.agreed
        for address in (*contact.numbers, contact.email, contact.fax)
    }
    own = dict.fromkeys((*each.numbers, each.email), _Given(ConsentSource.CONFIGURATION))
    return {address: given for address, given in {**told, **own}.items() if address}


def _agree(connection: sa.Connection, account_id: str, agreed: Mapping[str, _Given], now: datetime) -> None:
    """What the files say is consent; what is taken out of them withdraws it. A person's own STOP goes before it."""
    rows = connection.execute(sa.select(consent).where(consent.c.account_id == account_id)).all()
    written = [row for row in rows if row.source in set(ConsentSource)]
    new = [
        {
            "account_id": account_id,
            "address": address,
            "source": agreed[address].source.value,
            "agreed": agreed[address].agreed,
            "given_at": now,
        }
        for address in sorted(agreed.keys() - {row.address for row in rows})
    ]
    if new:
        insert_new(connection, consent, new)
    for row in written:
        given = agreed.get(row.address)
        this = (consent.c.account_id == account_id) & (consent.c.address == row.address)
        if given is None:
            if row.withdrawn_at is None:
                connection.execute(sa.update(consent).where(this).values(withdrawn_at=now))
            continue
        said_anew = given.agreed not in ("", row.agreed)
        again = row.withdrawn_at is not None or row.source != given.source.value
        if again or said_anew:
            # Writing it into the file again is a fresh consent; after a stop, only in other words than before.
            fresh: dict[str, Any] = {
                "source": given.source.value,
                "agreed": given.agreed or row.agreed,
                "withdrawn_at": None,
            }
            fresh |= {"given_at": now} if again or row.agreed else {}
            fresh |= {"stopped_at": None} if said_anew else {}
            connection.execute(sa.update(consent).where(this).values(**fresh))


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

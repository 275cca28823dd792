"""What people say themselves of being told: STOP and START by a text from their phone, a stop by a click in a mail.

A stop goes before what the files say, and stays until START, or until a contact's file says something new under
`agreed`. The file's own consent is kept beside it: START brings back only what STOP took.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.account import ConsentSource
from engine.admission.consent import say_stopped
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import memory, messages
from engine.store.database import lock_accounts
from engine.store.tables import account, consent, decision, message, message_content, notification


@dataclass(frozen=True)
class Said:
    """What a person said, by the event in which they did."""

    event_id: UUID
    address: str
    account: str
    """To whom; empty: to every account that may tell them."""
    stop: bool
    """Or start."""


def heed(connection: sa.Connection, all_said: Sequence[Said], now: datetime) -> None:
    """Do what was said, in the transaction that writes the decision on it and before that is written: said again
    after a crash, what stands decided is done already."""
    if not all_said:
        return
    whose = {said: _whose(connection, said) for said in all_said}
    lock_accounts(connection, {name for names in whose.values() for name in names})
    ids = [said.event_id for said in all_said]
    known = set(connection.execute(sa.select(decision.c.event_id).where(decision.c.event_id.in_(ids))).scalars())
    for said in all_said:
        if said.event_id in known:
            continue
        if said.stop:
            stop(connection, said.address, whose[said], now)
        else:
            start(connection, said.address, whose[said])


def _whose(connection: sa.Connection, said: Said) -> list[str]:
    """The accounts that know the address, of those whom it was said to."""
    known = sa.select(consent.c.account_id).where(consent.c.address == said.address)
    if said.account:
        known = known.where(consent.c.account_id == said.account)
    return list(connection.execute(known).scalars())


def stop(connection: sa.Connection, address: str, accounts: Collection[str], now: datetime) -> None:
    """Nobody is told there any more by these accounts; what is on its way there ends, unless a provider has it.

    The caller holds the accounts' locks.
    """
    mine = consent.c.account_id.in_(accounts) & (consent.c.address == address)
    connection.execute(sa.update(consent).where(mine, consent.c.stopped_at.is_(None)).values(stopped_at=now))
    rows = connection.execute(
        sa.select(message)
        .join(message_content, message_content.c.message_id == message.c.id)
        .where(message_content.c.address == address, message.c.account_id.in_(accounts))
        .where(message.c.fate.in_([fate.value for fate in (Fate.QUEUED, Fate.SENDING, Fate.UNCERTAIN)]))
        .order_by(message.c.id)
        .with_for_update(of=message)
    ).all()
    ended = [row for row in rows if row.fate == Fate.QUEUED.value]
    for row in rows:
        if row in ended:
            messages.end(connection, row, Fate.WITHDRAWN, Reason.NO_CONSENT, now, say_stopped(address, now))
        else:  # a provider may have it: it is not tried again
            messages.change(connection, row.id, not_after=now)
    ids = [row.notification_id for row in ended]
    if ids:
        of = notification.c.id.in_(ids)
        connection.execute(sa.update(notification).where(of).values(reason=Reason.NO_CONSENT.value))
        memory.forget(connection, ids)


@dataclass(frozen=True)
class Reader:
    """Somebody who agreed to be told by mail. `stopped`: they have asked for no more."""

    account: str
    language: str
    address: str
    stopped: bool


def readers(connection: sa.Connection, message_id: UUID) -> list[Reader] | None:
    """All those whom the account of this message may have told by it; None when there is no such message.

    To whom it went, we forget after a while; whom an account may tell, never.
    """
    sender = sa.select(account).join(message, message.c.account_id == account.c.id).where(message.c.id == message_id)
    row = connection.execute(sender).one_or_none()
    if row is None:
        return None
    agreed = (consent.c.source == ConsentSource.AGREED.value) & consent.c.address.contains("@")
    rows = connection.execute(sa.select(consent).where(consent.c.account_id == row.id, agreed))
    return [Reader(row.id, row.language, each.address, each.stopped_at is not None) for each in rows]


def unsubscribe(connection: sa.Connection, reader: Reader, now: datetime) -> None:
    """They asked for no more; said again, it changes nothing."""
    lock_accounts(connection, {reader.account})
    stop(connection, reader.address, [reader.account], now)


def has_agreed(connection: sa.Connection, account_id: str, address: str) -> bool:
    """Whether it is a contact who is told there, by their own consent, and not the account's owner."""
    this = (consent.c.account_id == account_id) & (consent.c.address == address)
    return connection.execute(sa.select(consent.c.source).where(this)).scalar_one_or_none() == ConsentSource.AGREED


def start(connection: sa.Connection, address: str, accounts: Collection[str]) -> None:
    """What a stop took is given back; what the files say stands as before. The caller holds the accounts' locks."""
    mine = consent.c.account_id.in_(accounts) & (consent.c.address == address)
    connection.execute(sa.update(consent).where(mine).values(stopped_at=None))

"""The row of a message: locked, changed, ended. `end` is the one way to spend or free credit."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.medium import Medium
from engine.message import Message
from engine.notification import Channel, Lane
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import due, journeys, ledger, receipts
from engine.store.attempt_state import AttemptState
from engine.store.database import lock_accounts
from engine.store.due import DueKind
from engine.store.tables import attempt, message, message_content

Row = sa.Row[Any]

#: How long a receipt may still come for a message that no answer came for.
WINDOW = timedelta(hours=72)


def whole() -> sa.Select[tuple[object, ...]]:
    """A message's row with its address, its words and its files' ids, which may have been deleted since."""
    content = message_content.c
    return sa.select(message, content.address, content.text, content.title, content.media).join(
        message_content, content.message_id == message.c.id, isouter=True
    )


def handed(row: Row) -> Message:
    """What a provider is handed, from a row of `whole`; its files are only named."""
    return Message(
        id=row.id,
        account=row.account_id,
        channel=Channel(row.channel),
        provider=row.provider,
        address=row.address or "",
        text=row.text or "",
        title=row.title or "",
        media=tuple(Medium(id=UUID(id)) for id in (row.media or "").split()),
        parts=row.parts,
        lane=Lane(row.lane),
        on_unknown=row.on_unknown,
        not_after=row.not_after,
    )


def reference(row: Row) -> str:
    """Ours for the calls that are made for this message now; a new one when it is certain that those did nothing."""
    return f"{row.id.hex}-{row.ref_no}"


def under(row: Row) -> sa.ColumnElement[bool]:
    """The calls under the reference in use."""
    return sa.and_(attempt.c.message_id == row.id, attempt.c.client_ref == reference(row))


def is_open(connection: sa.Connection, row: Row) -> bool:
    """Whether an earlier call under the reference in use may have been taken, and its owner prefers never."""
    unknown = sa.select(attempt.c.n).where(under(row), attempt.c.state == AttemptState.UNKNOWN.value)
    return row.on_unknown == "hold" and connection.execute(unknown.limit(1)).first() is not None


def maybe_taken() -> sa.Exists:
    """Of `message`: whether a call for it has ended that nobody knows the outcome of."""
    return sa.exists().where(attempt.c.message_id == message.c.id, attempt.c.state == AttemptState.UNKNOWN.value)


def lock(connection: sa.Connection, message_id: UUID) -> Row:
    """The row, locked until the transaction ends. Raises NoResultFound when there is none.

    Its account is locked before it: everybody takes account, message, bucket in this order.
    """
    if connection.dialect.name != "sqlite":  # which has one writer, and nobody to wait for
        owner = sa.select(message.c.account_id).where(message.c.id == message_id)
        lock_accounts(connection, list(connection.execute(owner).scalars()))
    return connection.execute(sa.select(message).where(message.c.id == message_id).with_for_update()).one()


def change(connection: sa.Connection, message_id: UUID, **values: object) -> None:
    """Change columns of the row."""
    connection.execute(sa.update(message).where(message.c.id == message_id).values(**values))


def end(
    connection: sa.Connection,
    row: Row,
    fate: Fate,
    reason: Reason,
    now: datetime,
    detail: str = "",
) -> None:
    """The one way to spend or free credit: `sent` settles the reservation, every other end releases it."""
    due.cancel_all(connection, (DueKind.LEASE, DueKind.RETRY, DueKind.ASK, DueKind.WINDOW), str(row.id))
    change(connection, row.id, fate=fate.value, waiting=False)
    if row.bucket_id is None:
        pass  # it costs nothing
    elif fate is Fate.SENT:
        ledger.settle(connection, row.id, row.bucket_id, row.units, now)
    else:
        ledger.release(connection, row.id, row.bucket_id, row.units, now)
    note(connection, row, fate, reason, now, detail)


def hold(connection: sa.Connection, row: Row, reason: Reason, now: datetime) -> None:
    """Keep the reservation, say *uncertain*, and wait for a receipt as long as one may come."""
    due.cancel_all(connection, (DueKind.LEASE, DueKind.RETRY, DueKind.ASK), str(row.id))
    change(connection, row.id, fate=Fate.UNCERTAIN.value, waiting=False)
    note(connection, row, Fate.UNCERTAIN, reason, now)
    due.schedule(connection, DueKind.WINDOW, str(row.id), now + WINDOW)


def note(
    connection: sa.Connection,
    row: Row,
    fate: Fate,
    reason: Reason,
    now: datetime,
    detail: str = "",
) -> None:
    """Write a receipt for the message, and let the journey of its notification know."""
    receipts.note(
        connection,
        Receipt(
            message_id=row.id,
            notification_id=row.notification_id,
            account=row.account_id,
            fate=fate,
            reason=reason,
            at=now,
            detail=detail,
        ),
    )
    if row.further:
        journeys.stir(connection, row.notification_id, now)

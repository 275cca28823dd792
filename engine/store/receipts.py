"""Every fact about a message is a receipt; each is told to the world through the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store.tables import notification, outbox, receipt

#: The most values in one IN (...).
_MOST_IDS = 500


def note(connection: sa.Connection, fact: Receipt) -> None:
    """Write a receipt and put it in the outbox, in the caller's transaction."""
    seq = connection.execute(
        sa.insert(receipt)
        .values(
            message_id=fact.message_id,
            notification_id=fact.notification_id,
            account_id=fact.account,
            fate=fact.fate.value,
            reason=fact.reason.value,
            at=fact.at,
            detail=fact.detail,
        )
        .returning(receipt.c.seq)
    ).scalar_one()
    connection.execute(sa.insert(outbox).values(seq=seq))


def note_first(connection: sa.Connection, facts: Sequence[Mapping[str, object]], now: datetime) -> None:
    """Write the first receipts of notifications that have none yet: the same as `note`, for many at once.

    `facts` are rows of the table, for the nouns would cost more than the writing.
    """
    connection.execute(sa.insert(receipt).values(at=now), list(facts))
    ids = [fact["notification_id"] for fact in facts]
    for start in range(0, len(ids), _MOST_IDS):
        written = sa.select(receipt.c.seq).where(receipt.c.notification_id.in_(ids[start : start + _MOST_IDS]))
        connection.execute(sa.insert(outbox).from_select(["seq"], written))


def note_digested(connection: sa.Connection, fact: Receipt) -> None:
    """Write `fact`, which is about a digest's message, for each notification that was collected into the digest."""
    values = {
        "message_id": fact.message_id,
        "account_id": fact.account,
        "fate": fact.fate.value,
        "reason": fact.reason.value,
        "at": fact.at,
        "detail": fact.detail,
    }
    literals = [sa.literal(value, receipt.c[name].type) for name, value in values.items()]
    rows = sa.select(notification.c.id, *literals).where(notification.c.digest_id == fact.notification_id)
    connection.execute(sa.insert(receipt).from_select(["notification_id", *values], rows))
    mine = (receipt.c.message_id == fact.message_id) & (receipt.c.notification_id != fact.notification_id)
    connection.execute(sa.insert(outbox).from_select(["seq"], sa.select(receipt.c.seq).where(mine)))


def of_notification(connection: sa.Connection, notification_id: UUID) -> list[Receipt]:
    """What became of a notification, in order."""
    where = receipt.c.notification_id == notification_id
    rows = connection.execute(sa.select(receipt).where(where).order_by(receipt.c.seq))
    return [_receipt(row) for row in rows]


def unpublished(connection: sa.Connection, most: int = 500) -> list[tuple[int, Receipt]]:
    """(seq, receipt) of what is still in the outbox, oldest first."""
    rows = connection.execute(
        sa.select(receipt).join(outbox, outbox.c.seq == receipt.c.seq).order_by(receipt.c.seq).limit(most)
    )
    return [(row.seq, _receipt(row)) for row in rows]


def forget(connection: sa.Connection, seqs: list[int]) -> None:
    """These are on the stream now."""
    connection.execute(sa.delete(outbox).where(outbox.c.seq.in_(seqs)))


def _receipt(row: sa.Row[tuple[object, ...]]) -> Receipt:
    at: datetime = row.at
    return Receipt(
        message_id=row.message_id,
        notification_id=row.notification_id,
        account=row.account_id,
        fate=Fate(row.fate),
        reason=Reason(row.reason),
        at=at,
        detail=row.detail,
    )

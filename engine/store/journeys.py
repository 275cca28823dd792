"""Notifications on their way over several channels: each is kept whole while another channel may be taken."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.message import message_id
from engine.notification import Channel, Fallback, Notification, Road
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import due, receipts
from engine.store.database import put
from engine.store.due import DueKind
from engine.store.tables import journey

Row = sa.Row[Any]

#: A network's no, or a bounce, may come so long after its message; then nobody goes on.
KEEP = timedelta(days=7)
#: What makes a journey of it: another channel for want of credit is taken at admission, or never.
_LATER = {"failed", "not_delivered", "not_read"}


def ahead(told: Notification, passed: Collection[Channel]) -> tuple[Road, ...]:
    """The roads that may be taken later on, once these channels were; none where the rule takes no other."""
    if told.together or told.fallback is None or not _LATER & set(told.fallback.on):
        return ()
    return tuple(road for road in told.roads if road.channel not in passed)


def begin(
    connection: sa.Connection, begun: Sequence[tuple[Notification, Channel, Collection[Channel]]], now: datetime
) -> None:
    """These go by one channel now and have others `ahead`: (notification, channel, the channels that are passed)."""
    rows = [_row(told, channel, passed, now) for told, channel, passed in begun]
    if rows:
        changed = ("channel", "passed", "fall_at", "held", "delete_after")
        connection.execute(put(connection, journey, *changed), rows)
        timed = [(str(row["notification_id"]), row["fall_at"]) for row in rows if row["fall_at"] is not None]
        due.schedule_all(connection, DueKind.FALLBACK, timed)


def _row(told: Notification, channel: Channel, passed: Collection[Channel], now: datetime) -> dict[str, Any]:
    assert told.fallback is not None
    fall_at = _fall_at(told.fallback, now)
    return {
        "notification_id": told.id,
        "account_id": told.account,
        "channel": channel.value,
        "passed": ",".join(each.value for each in passed),
        "fall_at": fall_at,
        "held": "",
        "body": told.model_dump_json(),
        "delete_after": (fall_at or now) + KEEP,
    }


def _fall_at(fallback: Fallback, now: datetime) -> datetime | None:
    return None if fallback.after is None else now + fallback.after


def stir(connection: sa.Connection, notification_id: UUID, now: datetime) -> None:
    """Something became of a message of this notification: its journey looks at it at once."""
    due.schedule(connection, DueKind.FALLBACK, str(notification_id), now)


def find(connection: sa.Connection, ids: Collection[UUID]) -> list[Row]:
    """The journeys of these notifications, in their order."""
    where = journey.c.notification_id.in_(ids)
    return list(connection.execute(sa.select(journey).where(where).order_by(journey.c.notification_id)).all())


def owners(connection: sa.Connection, ids: Collection[UUID]) -> list[str]:
    """The accounts of these notifications, as far as they are on a journey."""
    found = sa.select(journey.c.account_id).where(journey.c.notification_id.in_(ids)).distinct()
    return list(connection.execute(found).scalars())


def passed(row: Row) -> list[Channel]:
    """The channels that it will not take (again)."""
    return [Channel(name) for name in row.passed.split(",") if name]


def wait(connection: sa.Connection, row: Row, now: datetime) -> None:
    """Look again at the end of its time, or as soon as something becomes of its message."""
    key = str(row.notification_id)
    if row.fall_at is not None and row.fall_at > now:
        due.schedule(connection, DueKind.FALLBACK, key, row.fall_at)
    else:
        due.cancel(connection, DueKind.FALLBACK, key)


def hold(connection: sa.Connection, row: Row, channel: Channel, passed: Collection[Channel], until: datetime) -> None:
    """The next channel waits for the end of quiet hours."""
    values = {
        "held": channel.value,
        "passed": ",".join(each.value for each in passed),
        "delete_after": max(row.delete_after, until + KEEP),
    }
    mine = journey.c.notification_id == row.notification_id
    connection.execute(sa.update(journey).where(mine).values(**values))
    due.schedule(connection, DueKind.FALLBACK, str(row.notification_id), until)


def end(connection: sa.Connection, ids: Collection[UUID]) -> None:
    """No other channel will be taken."""
    connection.execute(sa.delete(journey).where(journey.c.notification_id.in_(ids)))
    for id in ids:
        due.cancel(connection, DueKind.FALLBACK, str(id))


def stop(connection: sa.Connection, why: Mapping[UUID, Reason], now: datetime) -> None:
    """These are withdrawn: no other channel will be taken."""
    found = find(connection, list(why))
    for row in found:
        drop(connection, row, why[row.notification_id], now)
    end(connection, [row.notification_id for row in found])


def drop(connection: sa.Connection, row: Row, reason: Reason, now: datetime) -> None:
    """The channel that waited, if one did, is not taken after all."""
    if row.held:
        note(connection, row, Channel(row.held), Fate.WITHDRAWN, reason, now)


def note(
    connection: sa.Connection,
    row: Row,
    channel: Channel,
    fate: Fate,
    reason: Reason,
    now: datetime,
    detail: str = "",
) -> None:
    """Write a receipt for a channel of the journey, by which there may be no message."""
    receipts.note(
        connection,
        Receipt(
            message_id=message_id(row.notification_id, channel),
            notification_id=row.notification_id,
            account=row.account_id,
            fate=fate,
            reason=reason,
            at=now,
            detail=detail,
        ),
    )


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Forget those that are long over."""
    connection.execute(sa.delete(journey).where(journey.c.delete_after < now))

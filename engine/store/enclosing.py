"""Notifications whose files are still to be fetched. They wait here, so that nothing else waits for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.notification import Notification
from engine.store.database import insert_new
from engine.store.media_tables import enclosing
from engine.store.tables import notification

#: Whoever takes some has so long for them; then they are free again.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Waiting:
    """What of one mail waits, and how often its files were asked for in vain."""

    told: tuple[Notification, ...]
    tries: int


def put(connection: sa.Connection, told: Sequence[Notification], now: datetime) -> None:
    """They wait for their files; those that are routed already do not."""
    ids = [each.id for each in told]
    known = set(connection.execute(sa.select(notification.c.id).where(notification.c.id.in_(ids))).scalars())
    rows: dict[UUID, dict[str, Any]] = {
        each.id: {
            "notification_id": each.id,
            "event_id": each.event_id,
            "account_id": each.account,
            "body": each.model_dump_json(),
            "tries": 0,
            "at": now,
        }
        for each in told
        if each.id not in known
    }
    if rows:
        insert_new(connection, enclosing, list(rows.values()))


def take(connection: sa.Connection, now: datetime, most: int) -> list[Waiting]:
    """What waits longest, of at most so many mails, leased to the caller; each mail's all together."""
    free = (enclosing.c.at <= now) & (enclosing.c.lease.is_(None) | (enclosing.c.lease < now))
    first = sa.select(enclosing.c.event_id).where(free).group_by(enclosing.c.event_id)
    events = first.order_by(sa.func.min(enclosing.c.at), enclosing.c.event_id).limit(most)
    rows = connection.execute(
        sa.select(enclosing)
        .where(free, enclosing.c.event_id.in_(list(connection.execute(events).scalars())))
        .order_by(enclosing.c.at, enclosing.c.notification_id)
        .with_for_update(skip_locked=True)
    ).all()
    ids = [row.notification_id for row in rows]
    connection.execute(sa.update(enclosing).where(enclosing.c.notification_id.in_(ids)).values(lease=now + LEASE))
    found: dict[UUID, list[sa.Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.event_id, []).append(row)
    return [
        Waiting(tuple(Notification.model_validate_json(row.body) for row in each), max(row.tries for row in each))
        for each in found.values()
    ]


def postpone(connection: sa.Connection, told: Sequence[Notification], tries: int, until: datetime) -> None:
    """Their files could not be fetched; they are asked for again then."""
    mine = enclosing.c.notification_id.in_([each.id for each in told])
    connection.execute(sa.update(enclosing).where(mine).values(tries=tries, at=until, lease=None))


def end(connection: sa.Connection, told: Sequence[Notification]) -> None:
    """They wait no longer."""
    mine = enclosing.c.notification_id.in_([each.id for each in told])
    connection.execute(sa.delete(enclosing).where(mine))


def next_at(connection: sa.Connection) -> datetime | None:
    """When the next of them may be taken."""
    at = sa.case((enclosing.c.lease.is_(None), enclosing.c.at), else_=enclosing.c.lease)
    found: datetime | None = connection.execute(sa.select(sa.func.min(at, type_=enclosing.c.at.type))).scalar_one()
    return found

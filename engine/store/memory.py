"""What was told lately under which key: the memory behind dedupe and throttle."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.admission.told import dedupe_key, remembered, throttle_key
from engine.notification import Notification
from engine.store.database import insert_new
from engine.store.tables import notification
from engine.store.tables import told as memory

#: The most keys in one IN (...).
_MOST = 500


def recall(
    connection: sa.Connection, asked: Sequence[Notification], now: datetime
) -> Mapping[UUID, tuple[datetime, ...]]:
    """When something was told under the keys of these notifications, oldest first, as far back as they want."""
    throttles = {throttle_key(told): told.limits.throttle.per for told in asked if told.limits.throttle}
    same = {
        key: told.limits.dedupe.for_ for told in asked if told.limits.dedupe and (key := dedupe_key(told)) is not None
    }
    found: dict[UUID, list[datetime]] = {}
    # Apart: the dedupes look back a week, and in a week a throttle has seen a lot.
    for keys in (throttles, same):
        _look(connection, list(keys), now - max(keys.values(), default=timedelta()), found)
    return {key: tuple(moments) for key, moments in found.items()}


def _look(
    connection: sa.Connection, keys: Sequence[UUID], since: datetime, found: dict[UUID, list[datetime]]
) -> None:
    for start in range(0, len(keys), _MOST):
        where = memory.c.key.in_(keys[start : start + _MOST]) & (memory.c.at > since)
        for key, at in connection.execute(sa.select(memory.c.key, memory.c.at).where(where).order_by(memory.c.at)):
            found.setdefault(key, []).append(at)


def remember(connection: sa.Connection, told: Collection[tuple[Notification, bool]], now: datetime) -> None:
    """These were told, alone (True) or by a digest."""
    rows = [
        {"key": key, "notification_id": each.id, "at": now, "delete_after": now + length}
        for each, alone in told
        for key, length in remembered(each, alone=alone).items()
    ]
    if rows:
        insert_new(connection, memory, rows)


def forget(connection: sa.Connection, ids: Sequence[UUID]) -> None:
    """These notifications were not told after all: the same may come again."""
    for start in range(0, len(ids), _MOST):
        here = memory.c.notification_id.in_(ids[start : start + _MOST])
        connection.execute(sa.delete(memory).where(here))


def forget_digest(connection: sa.Connection, digest_id: UUID) -> None:
    """What a digest was to tell was not told: the same may come again."""
    lost = sa.select(notification.c.id).where(notification.c.digest_id == digest_id)
    connection.execute(sa.delete(memory).where(memory.c.notification_id.in_(lost)))

"""How much waits in the send queue, and what is known of the messages that facts are told of: for the metrics."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.receipt import Fate, Receipt
from engine.store.tables import configuration, decision, message, notification


def configured(connection: sa.Connection) -> str | None:
    """The version of the configuration that the rows were made from; None before the first start."""
    return connection.execute(sa.select(configuration.c.version)).scalar_one_or_none()


def measure(connection: sa.Connection, now: datetime) -> dict[int, tuple[int, float]]:
    """By lane: (messages that wait, also for a retry; seconds since the oldest of them was admitted)."""
    rows = connection.execute(
        sa.select(message.c.lane, sa.func.count(), sa.func.min(message.c.at, type_=message.c.at.type))
        .where(message.c.fate == Fate.QUEUED.value)
        .group_by(message.c.lane)
    )
    return {lane: (count, max(0.0, (now - oldest).total_seconds())) for lane, count, oldest in rows}


def roads(connection: sa.Connection, facts: Sequence[Receipt]) -> dict[UUID, tuple[str, str]]:
    """(channel, provider) of the messages that these facts are about; what was refused, waits or was told by
    another never became a message."""
    none = (Fate.REFUSED, Fate.HELD, Fate.COLLECTED, Fate.DIGESTED)
    ids = {fact.message_id for fact in facts if fact.fate not in none}
    found = connection.execute(
        sa.select(message.c.id, message.c.channel, message.c.provider).where(message.c.id.in_(ids))
    )
    return {row.id: (row.channel, row.provider) for row in found}


def origins(connection: sa.Connection, facts: Sequence[Receipt]) -> dict[UUID, tuple[datetime, datetime | None]]:
    """By notification, for what was sent: when its mail arrived and when we read it, while the decision is kept."""
    ids = {fact.notification_id for fact in facts if fact.fate is Fate.SENT}
    rows = connection.execute(
        sa.select(notification.c.id, decision.c.event)
        .join(decision, decision.c.event_id == notification.c.event_id)
        .where(notification.c.id.in_(ids))
    )
    found: dict[UUID, tuple[datetime, datetime | None]] = {}
    for row in rows:
        # Two of its fields, not the noun: validating a whole mail for each message sent would be felt.
        event = json.loads(row.event)
        if event.get("kind") == "mail":
            found[row.id] = datetime.fromisoformat(event["arrived_at"]), datetime.fromisoformat(event["read_at"])
    return found

"""Everything that is known of one event, for the person who asks why."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.decision import Decision
from engine.digest import ACTION
from engine.event import Event
from engine.journey import Status, sum_up
from engine.message import message_id
from engine.notification import Channel
from engine.receipt import Fate, Receipt
from engine.store import decisions, ledger, receipts
from engine.store.tables import attempt, ledger_account, message, message_content, notification


@dataclass(frozen=True)
class MessageStory:
    """One message: its row, its text (until that is deleted), its attempts, which bucket pays (empty: it is free)."""

    row: sa.Row[Any]
    address: str
    text: str
    bucket: str
    unit: str
    attempts: list[sa.Row[Any]]


@dataclass(frozen=True)
class NotificationStory:
    """One notification: its verdict, its messages, and every receipt in order."""

    row: sa.Row[Any]
    messages: list[MessageStory]
    receipts: list[Receipt]

    @cached_property
    def channels(self) -> dict[UUID, Channel]:
        """The channel of each message that may be one of its own. What a digest told is none of them."""
        return {message_id(self.row.id, channel): channel for channel in Channel}

    @cached_property
    def status(self) -> Status | None:
        """What became of it as a whole, where that is about several channels."""
        fates = {
            self.channels[fact.message_id]: fact.fate for fact in self.receipts if fact.message_id in self.channels
        }
        waits = self.receipts[-1].fate if self.receipts else None
        # what was held may have gone by another channel when it woke
        stale = [channel for channel, fate in fates.items() if fate is Fate.HELD and waits is not Fate.HELD]
        for channel in stale:
            del fates[channel]
        return sum_up(fates) if len(fates) > 1 else None


@dataclass(frozen=True)
class Story:
    """One event: what it was, what the rules said, what became of every notification."""

    event: Event
    decision: Decision
    notifications: list[NotificationStory]


def tell(connection: sa.Connection, any_id: UUID) -> Story | None:
    """The story of an event, by its id or by that of one of its notifications or messages; None if unknown."""
    event_id = event_of(connection, any_id)
    found = decisions.find(connection, event_id)
    if found is None:
        return None
    event, decision = found
    return Story(event, decision, notifications(connection, event_id))


def notifications(connection: sa.Connection, event_id: UUID) -> list[NotificationStory]:
    """What became of everything that was to be told of an event."""
    rows = connection.execute(sa.select(notification).where(notification.c.event_id == event_id))
    return [_notification(connection, row) for row in rows]


def digest(connection: sa.Connection, any_id: UUID) -> tuple[NotificationStory, int] | None:
    """The message that tells others together, and how many, by its id or its notification's; None when it is none."""
    for told in notifications(connection, event_of(connection, any_id)):
        if told.row.action == ACTION:
            many = sa.select(sa.func.count()).where(notification.c.digest_id == told.row.id)
            return told, connection.execute(many).scalar_one()
    return None


def event_of(connection: sa.Connection, any_id: UUID) -> UUID:
    """The event behind a notification or a message; any other id is taken for the event's own."""
    parent = sa.select(message.c.notification_id).where(message.c.id == any_id)
    noticed = connection.execute(parent).scalar_one_or_none() or any_id
    owner = sa.select(notification.c.event_id).where(notification.c.id == noticed)
    found: UUID = connection.execute(owner).scalar_one_or_none() or any_id
    return found


def _notification(connection: sa.Connection, row: sa.Row[Any]) -> NotificationStory:
    messages = connection.execute(
        sa.select(message, ledger_account.c.kind, ledger_account.c.unit)
        .join(ledger_account, ledger_account.c.id == message.c.bucket_id, isouter=True)
        .where(message.c.notification_id == row.id)
        .order_by(message.c.seq)
    )
    return NotificationStory(
        row, [_message(connection, each) for each in messages], receipts.of_notification(connection, row.id)
    )


def _message(connection: sa.Connection, row: sa.Row[Any]) -> MessageStory:
    content = connection.execute(
        sa.select(message_content).where(message_content.c.message_id == row.id)
    ).one_or_none()
    attempts = connection.execute(
        sa.select(attempt).where(attempt.c.message_id == row.id).order_by(attempt.c.n)
    ).all()
    return MessageStory(
        row,
        content.address if content else "",
        content.text if content else "",
        "" if row.unit is None else "allowance" if row.unit == ledger.PART else "balance",
        row.unit or "",
        list(attempts),
    )

"""What an event led to is stopped on its way: before admission, while it is held or collected, in the send queue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.message import message_id
from engine.notification import Notification
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import decisions, digests, due, journeys, memory, messages, receipts
from engine.store.database import insert_new
from engine.store.due import DueKind
from engine.store.tables import held, journey, message, notification, withdrawn_event

#: Nothing that an event led to is on its way for so long.
KEEP = timedelta(days=60)
_IN = 500
#: A provider has it, had it, or may have it.
_TOLD = {
    each.value for each in (Fate.SENT, Fate.DELIVERED, Fate.READ, Fate.UNDELIVERED, Fate.SENDING, Fate.UNCERTAIN)
}


def withdraw(connection: sa.Connection, events: Mapping[UUID, Reason], now: datetime) -> None:
    """Nobody is told of these any more, unless a provider has the message already. The caller holds the accounts'
    locks. Credit that was set aside is given back."""
    ids = sorted(events)
    rows = [{"event_id": id, "reason": events[id].value, "at": now} for id in ids]
    if rows:
        insert_new(connection, withdrawn_event, rows)
    for start in range(0, len(ids), _IN):
        found = connection.execute(
            sa.select(notification).where(notification.c.event_id.in_(ids[start : start + _IN]))
        ).all()
        if found:
            _stop(connection, found, events, now)


def reasons(connection: sa.Connection, events: Collection[UUID]) -> dict[UUID, Reason]:
    """Which of these events are withdrawn, and why."""
    found: dict[UUID, Reason] = {}
    ids = list(events)
    for start in range(0, len(ids), _IN):
        here = withdrawn_event.c.event_id.in_(ids[start : start + _IN])
        rows = connection.execute(sa.select(withdrawn_event.c.event_id, withdrawn_event.c.reason).where(here))
        found |= {row.event_id: Reason(row.reason) for row in rows}
    return found


def heard(connection: sa.Connection, events: Collection[UUID]) -> dict[UUID, bool]:
    """Of the events that have come to an end, whether somebody may have been told; the others are not in it.

    An event of which one receiver was told counts as told. One that was only withdrawn has not come to an end: what
    it was about may be due again.
    """
    found: dict[UUID, bool] = {}
    ids = list(events)
    for start in range(0, len(ids), _IN):
        told_by = sa.func.coalesce(notification.c.digest_id, notification.c.id)
        rows = connection.execute(
            sa.select(
                notification.c.event_id,
                notification.c.digest_id,
                message.c.fate,
                messages.maybe_taken().label("maybe"),
                sa.func.coalesce(held.c.notification_id, journey.c.notification_id).label("waits"),
                withdrawn_event.c.event_id.label("withdrawn"),
            )
            .join(message, message.c.notification_id == told_by, isouter=True)
            .join(held, held.c.notification_id == notification.c.id, isouter=True)
            .join(journey, journey.c.notification_id == told_by, isouter=True)
            .join(withdrawn_event, withdrawn_event.c.event_id == notification.c.event_id, isouter=True)
            .where(notification.c.event_id.in_(ids[start : start + _IN]))
        ).all()
        by_event: dict[UUID, list[bool | None]] = {}
        for row in rows:
            by_event.setdefault(row.event_id, []).append(_heard(row))
        found |= {id: True in said for id, said in by_event.items() if True in said or None not in said}
    return found


def _heard(row: Any) -> bool | None:
    """Whether somebody may have been told; None: it still waits, or was withdrawn."""
    if row.fate in _TOLD or row.maybe:
        return True
    waits = row.fate == Fate.QUEUED.value or row.waits is not None
    collected = row.fate is None and row.digest_id is not None
    return None if waits or collected or row.withdrawn is not None else False


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Forget what has been withdrawn for long."""
    connection.execute(sa.delete(withdrawn_event).where(withdrawn_event.c.at < now - KEEP))


def _stop(
    connection: sa.Connection, found: Sequence[sa.Row[Any]], events: Mapping[UUID, Reason], now: datetime
) -> None:
    why = {row.id: events[row.event_id] for row in found}
    stopped = [*_stop_messages(connection, why, now), *_stop_held(connection, why, now)]
    journeys.stop(connection, why, now)
    stopped += _stop_collected(connection, [row for row in found if row.digest_id is not None], why, now)
    if stopped:
        connection.execute(
            sa.update(notification).where(notification.c.id == sa.bindparam("of")).values(reason=sa.bindparam("why")),
            [{"of": id, "why": why[id].value} for id in stopped],
        )
        memory.forget(connection, stopped)


def _stop_messages(connection: sa.Connection, why: Mapping[UUID, Reason], now: datetime) -> list[UUID]:
    """What is queued ends; what is in the air is never tried again. Answers of whom nobody was told."""
    stopped = []
    rows = connection.execute(
        sa.select(message).where(message.c.notification_id.in_(why)).order_by(message.c.id).with_for_update()
    ).all()
    for row in rows:
        if row.fate == Fate.QUEUED.value:
            messages.end(connection, row, Fate.WITHDRAWN, why[row.notification_id], now)
            stopped.append(row.notification_id)
        elif row.fate == Fate.SENDING.value:
            messages.change(connection, row.id, not_after=now)
    told = {row.notification_id for row in rows if row.fate in _TOLD}  # by another of its channels
    return [id for id in dict.fromkeys(stopped) if id not in told]


def _stop_held(connection: sa.Connection, why: Mapping[UUID, Reason], now: datetime) -> list[UUID]:
    rows = connection.execute(sa.select(held).where(held.c.notification_id.in_(why))).all()
    for row in rows:
        due.cancel(connection, DueKind.HOLD, str(row.notification_id))
        _note(connection, Notification.model_validate_json(row.body), why[row.notification_id], now)
    stopped = [row.notification_id for row in rows]
    if stopped:
        connection.execute(sa.delete(held).where(held.c.notification_id.in_(stopped)))
    return stopped


def _stop_collected(
    connection: sa.Connection, rows: Sequence[sa.Row[Any]], why: Mapping[UUID, Reason], now: datetime
) -> list[UUID]:
    """What lies in a digest that is not told yet is taken out of it; an empty one is closed."""
    stopped = []
    for row in rows:
        if digests.find(connection, row.digest_id) is None:
            continue
        told = _decided(connection, row)
        if told is None:
            continue  # its text is deleted by now
        _note(connection, told, why[row.id], now)
        connection.execute(sa.update(notification).where(notification.c.id == row.id).values(digest_id=None))
        digests.take_out(connection, row.digest_id, told.title or told.text)
        stopped.append(row.id)
    return stopped


def _decided(connection: sa.Connection, row: sa.Row[Any]) -> Notification | None:
    found = decisions.find(connection, row.event_id)
    return next((each for each in found[1].notifications if each.id == row.id), None) if found else None


def _note(connection: sa.Connection, told: Notification, reason: Reason, now: datetime) -> None:
    fact = Receipt(
        message_id=message_id(told.id, told.channel),
        notification_id=told.id,
        account=told.account,
        fate=Fate.WITHDRAWN,
        reason=reason,
        at=now,
    )
    receipts.note(connection, fact)

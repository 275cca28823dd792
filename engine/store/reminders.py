"""The reminders, by the instant at which they are due: however many there are, only the next ones are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from engine.occasion import Occasion
from engine.reason import Reason
from engine.reminder import Reminder, State
from engine.store.database import put
from engine.store.feeds import Key
from engine.store.tables import occasion, reminder

#: Whoever has a reminder in hand has so long for it from its moment on; then it is due again.
LEASE = timedelta(seconds=15)
#: How many are fired together.
MOST = 500
_IN = 500
_BATCH = 1_000
#: What is over is kept so long, for whoever asks why; longer than a feed is looked back at.
KEEP = timedelta(days=60)


@dataclass(frozen=True)
class DueReminder:
    """A reminder whose moment has come, and its appointment as it stands now."""

    reminder: Reminder
    occasion: Occasion | None
    """None: it is gone, or cancelled."""
    again: bool = False
    """Somebody had it in hand before, so that its event may be out."""
    rsvp: int = 0
    """The number under which its owner may answer it; 0: there is nothing to answer."""


def claim(connection: sa.Connection, now: datetime, until: datetime, most: int = MOST) -> list[DueReminder]:
    """What is due by `until`, oldest first, leased to the caller, who publishes it and then calls `mark`."""
    free = reminder.c.lease.is_(None) | (reminder.c.lease < now)
    is_due = (reminder.c.state == State.PENDING.value) & (reminder.c.at <= until) & free
    rows = connection.execute(
        sa.select(reminder).where(is_due).order_by(reminder.c.at).limit(most).with_for_update(skip_locked=True)
    ).all()
    found = [_reminder(row, lease=max(now, row.at) + LEASE) for row in rows]
    _lease(connection, [(each, each.lease) for each in found])
    alive = _alive(connection, found)
    return [
        DueReminder(each, each.occasion or alive.get(_place(each)), row.lease is not None)
        for each, row in zip(found, rows, strict=True)
    ]


def put_back(connection: sa.Connection, found: Iterable[DueReminder]) -> None:
    """These were claimed and not published: they are as they were before, unless somebody armed them anew."""
    _lease(connection, [(each.reminder, each.reminder.at if each.again else None) for each in found])


def _lease(connection: sa.Connection, leases: Iterable[tuple[Reminder, datetime | None]]) -> None:
    """Reminders that are still in the turn that they have here, and until when somebody has them in hand."""
    rows = [
        {"of": each.key, "of_turn": each.turn, "until": until}
        for each, until in sorted(leases, key=lambda pair: pair[0].key)
    ]
    if rows:
        here = (reminder.c.key == sa.bindparam("of")) & (reminder.c.turn == sa.bindparam("of_turn"))
        connection.execute(
            sa.update(reminder)
            .where(here, reminder.c.state == State.PENDING.value)
            .values(lease=sa.bindparam("until", type_=reminder.c.lease.type)),
            rows,
        )


def _alive(connection: sa.Connection, reminders: Sequence[Reminder]) -> dict[tuple[object, ...], Occasion]:
    """The appointments of these, by account, feed, UID and start; of two that start together, the first."""
    found: dict[tuple[object, ...], Occasion] = {}
    columns = (occasion.c.account_id, occasion.c.feed, occasion.c.uid, occasion.c.starts_at)
    places = list({_place(each): None for each in reminders if each.occasion is None})
    for start in range(0, len(places), _IN // 4):
        here = sa.tuple_(*columns).in_(places[start : start + _IN // 4])
        rows = connection.execute(
            sa.select(*columns, occasion.c.body)
            .where(here, occasion.c.status != "cancelled")
            .order_by(occasion.c.recurrence_id)
        )
        for *place, body in rows:
            if tuple(place) not in found:
                found[tuple(place)] = Occasion.model_validate_json(body)
    return found


def _place(each: Reminder) -> tuple[object, ...]:
    return each.account, each.feed, each.uid, each.starts_at


def mark(connection: sa.Connection, done: Iterable[Reminder]) -> None:
    """These have fired, or come to another end; what was withdrawn or armed anew meanwhile stays as it is."""
    rows = [
        {
            "of": each.key,
            "of_turn": each.turn,
            "new_state": each.state.value,
            "new_reason": each.reason.value if each.reason else "",
            "new_event": each.event_id,
        }
        for each in done
    ]
    if rows:
        rows.sort(key=lambda row: cast(UUID, row["of"]))
        here = (reminder.c.key == sa.bindparam("of")) & (reminder.c.turn == sa.bindparam("of_turn"))
        connection.execute(
            sa.update(reminder)
            .where(here, reminder.c.state == State.PENDING.value)
            .values(
                state=sa.bindparam("new_state"),
                reason=sa.bindparam("new_reason"),
                event_id=sa.bindparam("new_event", type_=reminder.c.event_id.type),
                lease=None,
            ),
            rows,
        )


def next_at(connection: sa.Connection) -> datetime | None:
    """When the next one is due that nobody has in hand."""
    waiting = (reminder.c.state == State.PENDING.value) & reminder.c.lease.is_(None)
    found: datetime | None = connection.execute(
        sa.select(reminder.c.at).where(waiting).order_by(reminder.c.at).limit(1)
    ).scalar_one_or_none()
    return found


def of_uids(connection: sa.Connection, key: Key, uids: Sequence[str]) -> list[Reminder]:
    """All reminders of some appointments of a feed, locked."""
    found: list[Reminder] = []
    mine = (reminder.c.account_id == key[0]) & (reminder.c.feed == key[1])
    for start in range(0, len(uids), _IN):
        here = mine & reminder.c.uid.in_(uids[start : start + _IN])
        rows = connection.execute(sa.select(reminder).where(here).order_by(reminder.c.key).with_for_update())
        found += [_reminder(row) for row in rows]
    return found


def coming(connection: sa.Connection, account: str, most: int) -> list[Reminder]:
    """What an account will be reminded of next, by the instant."""
    here = (reminder.c.account_id == account) & (reminder.c.state == State.PENDING.value)
    rows = connection.execute(sa.select(reminder).where(here).order_by(reminder.c.at).limit(most))
    return [_reminder(row) for row in rows]


def of_starts(connection: sa.Connection, account: str, begin: datetime, end: datetime) -> list[Reminder]:
    """All reminders of what starts in a stretch of time, whatever became of them, by the instant."""
    here = (reminder.c.account_id == account) & reminder.c.starts_at.between(begin, end)
    return [_reminder(row) for row in connection.execute(sa.select(reminder).where(here).order_by(reminder.c.at))]


def by_event(connection: sa.Connection, event_id: UUID) -> Reminder | None:
    """The reminder that was last told by this event."""
    row = connection.execute(sa.select(reminder).where(reminder.c.event_id == event_id)).first()
    return None if row is None else _reminder(row)


def keep(connection: sa.Connection, reminders: Sequence[Reminder]) -> None:
    """Write these over what was there."""
    statement = put(connection, reminder, *(each.name for each in reminder.c if each.name != "key"))
    ordered = sorted(reminders, key=lambda each: each.key)
    for start in range(0, len(ordered), _BATCH):
        connection.execute(statement, [_row(each) for each in ordered[start : start + _BATCH]])


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Forget what has been over for long."""
    over = [state.value for state in State if state is not State.PENDING]
    old = (reminder.c.at < now - KEEP) & (reminder.c.starts_at < now - KEEP)
    connection.execute(sa.delete(reminder).where(reminder.c.state.in_(over), old))


def _row(each: Reminder) -> dict[str, object]:
    return {
        "key": each.key,
        "account_id": each.account,
        "feed": each.feed,
        "uid": each.uid,
        "starts_at": each.starts_at,
        "rule": each.rule,
        "label": each.label,
        "at": each.at,
        "state": each.state.value,
        "reason": each.reason.value if each.reason else "",
        "turn": each.turn,
        "event_id": each.event_id,
        "lease": each.lease,
        "change": each.change,
        "was": each.was,
        "occasion": each.occasion.model_dump_json() if each.occasion else None,
    }


def _reminder(row: sa.Row[Any], **now: Any) -> Reminder:
    values = {
        "account": row.account_id,
        "feed": row.feed,
        "uid": row.uid,
        "starts_at": row.starts_at,
        "rule": row.rule,
        "label": row.label,
        "at": row.at,
        "state": State(row.state),
        "reason": Reason(row.reason) if row.reason else None,
        "turn": row.turn,
        "event_id": row.event_id,
        "lease": row.lease,
        "change": row.change,
        "was": row.was,
        "occasion": Occasion.model_validate_json(row.occasion) if row.occasion else None,
    }
    return Reminder(**{**values, **now})

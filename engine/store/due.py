"""The one timer: everything that is due stands in one table, and agents/wake is the one sleeper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from engine.store.database import put
from engine.store.tables import due


class DueKind(StrEnum):
    """What is to happen at a moment; the key says to which message, notification or digest."""

    RETRY = "retry"
    """The message may be claimed again."""
    LEASE = "lease"
    """The attempt's lease lapses: whoever made it is gone, its outcome is unknown."""
    ASK = "ask"
    """Ask the provider whether it took the message."""
    POLL = "poll"
    """Ask the provider what became of the message that it took."""
    SILENCE = "silence"
    """Look which providers were told to report and do not."""
    WINDOW = "window"
    """The time in which a receipt could still come is over: an uncertain message is given up."""
    HOLD = "hold"
    """A notification that was held is brought before the gates again."""
    FALLBACK = "fallback"
    """Look whether a notification has to take the next of its channels."""
    DIGEST = "digest"
    """What was collected is told."""
    PART = "part"
    """A long text from a phone is handed over without the parts that did not come."""
    RSVP = "rsvp"
    """An answer to an invitation is written into its calendar."""
    AGENDA = "agenda"
    """What is planned is told."""
    SWEEP = "sweep"
    """Delete the personal data whose time is over."""


@dataclass(frozen=True)
class Due:
    """One thing that is due."""

    kind: DueKind
    key: str
    at: datetime


#: Whoever takes a row has so long to act on it; then it is due again.
LEASE = timedelta(seconds=60)


def schedule(connection: sa.Connection, kind: DueKind, key: str, at: datetime) -> None:
    """Make `kind` due for `key` at `at`; a moment set before is replaced."""
    schedule_all(connection, kind, [(key, at)])


def schedule_all(connection: sa.Connection, kind: DueKind, moments: Sequence[tuple[str, datetime]]) -> None:
    """`schedule`, for many keys at once."""
    rows = [{"kind": kind.value, "key": key, "at": at, "lease": None} for key, at in sorted(moments)]
    if rows:
        connection.execute(put(connection, due, "at", "lease"), rows)


def plan(connection: sa.Connection, kind: DueKind, moments: Mapping[str, datetime], now: datetime) -> None:
    """Make `kind` due at these moments and for nothing else; what is due already by `now` stays so."""
    rows = connection.execute(sa.select(due.c.key, due.c.at).where(due.c.kind == kind.value))
    known = {row.key: row.at for row in rows}
    schedule_all(
        connection,
        kind,
        [(key, at) for key, at in moments.items() if key not in known or (known[key] > now and known[key] != at)],
    )
    for key in sorted(known.keys() - moments.keys()):
        cancel(connection, kind, key)


def cancel(connection: sa.Connection, kind: DueKind, key: str) -> None:
    """It is no longer due."""
    connection.execute(sa.delete(due).where(due.c.kind == kind.value, due.c.key == key))


def cancel_all(connection: sa.Connection, kinds: Sequence[DueKind], key: str) -> None:
    """None of these is due for `key` any longer."""
    names = [kind.value for kind in kinds]
    connection.execute(sa.delete(due).where(due.c.kind.in_(names), due.c.key == key))


def cancel_keys(connection: sa.Connection, kind: DueKind, keys: Sequence[str]) -> None:
    """`cancel`, for many keys at once."""
    connection.execute(sa.delete(due).where(due.c.kind == kind.value, due.c.key.in_(keys)))


def take(connection: sa.Connection, now: datetime, most: int = 200) -> list[Due]:
    """What is due, leased to the caller; the caller's transactions cancel or reschedule each."""
    free = sa.or_(due.c.lease.is_(None), due.c.lease < now)
    rows = connection.execute(
        sa.select(due).where(due.c.at <= now, free).order_by(due.c.at).limit(most).with_for_update(skip_locked=True)
    ).all()
    if rows:
        connection.execute(
            sa.update(due)
            .where(due.c.kind == sa.bindparam("of_kind"), due.c.key == sa.bindparam("of_key"))
            .values(lease=now + LEASE),
            [{"of_kind": row.kind, "of_key": row.key} for row in rows],
        )
    return [Due(DueKind(row.kind), row.key, row.at) for row in rows]


def next_at(connection: sa.Connection) -> datetime | None:
    """When the next thing is due, leased ones at the end of their lease."""
    at = sa.case((due.c.lease.is_(None), due.c.at), else_=due.c.lease)
    found: datetime | None = connection.execute(sa.select(sa.func.min(at, type_=due.c.at.type))).scalar_one()
    return found

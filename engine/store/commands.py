"""What a person asked for and only a running engine can do: it waits here, also until the next start."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from engine.store.tables import command

#: Whoever takes a command has so long to do it; then another worker may.
LEASE = timedelta(seconds=60)


class CommandKind(StrEnum):
    """What is to be done; the subject says to what."""

    REPLAY = "replay"
    """Publish a dead letter again; the subject is its place."""


def ask(connection: sa.Connection, kind: CommandKind, subjects: Sequence[str], now: datetime, actor: str) -> None:
    """Have it done; what was asked before and is not done yet is not asked twice."""
    asked = set(waiting(connection, kind))
    rows = [
        {"kind": kind.value, "subject": each, "at": now, "actor": actor} for each in subjects if each not in asked
    ]
    if rows:
        connection.execute(sa.insert(command), rows)


def waiting(connection: sa.Connection, kind: CommandKind) -> list[str]:
    """The subjects of what is not done yet, the oldest first."""
    rows = sa.select(command.c.subject).where(command.c.kind == kind.value).order_by(command.c.at, command.c.subject)
    return list(connection.execute(rows).scalars())


def take(connection: sa.Connection, kind: CommandKind, now: datetime, most: int = 100) -> list[str]:
    """The subjects that the caller is to see to now, leased to it."""
    free = sa.or_(command.c.lease.is_(None), command.c.lease < now)
    subjects = list(
        connection.execute(
            sa.select(command.c.subject)
            .where(command.c.kind == kind.value, free)
            .order_by(command.c.at, command.c.subject)
            .limit(most)
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    which = (command.c.kind == kind.value) & command.c.subject.in_(subjects)
    connection.execute(sa.update(command).where(which).values(lease=now + LEASE))
    return subjects


def done(connection: sa.Connection, kind: CommandKind, subject: str) -> None:
    """It needs no more doing."""
    connection.execute(sa.delete(command).where(command.c.kind == kind.value, command.c.subject == subject))

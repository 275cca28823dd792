"""Messages that wait for a provider which is given up go to one that stands in for it."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from engine.health import State
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import due
from engine.store.due import DueKind
from engine.store.messages import Row, change, maybe_taken, note
from engine.store.tables import message

#: So many at once: a claim must not take long, and what is left goes with the next one.
MOST = 500


def around(connection: sa.Connection, states: Mapping[str, State], now: datetime) -> None:
    """Move what is queued for a provider with an open breaker to the first of those that may take over.

    A message of which an earlier attempt may have been taken stays, unless its owner prefers twice to never. Where
    nobody else is well, everything stays and waits.
    """
    closed = {name for name, state in states.items() if state is State.CLOSED}
    given_up = sorted(name for name, state in states.items() if state is State.OPEN)
    if not given_up or not closed:
        return
    rows = connection.execute(
        sa.select(message)
        .where(
            message.c.fate == Fate.QUEUED.value,
            message.c.provider.in_(given_up),
            message.c.others != "",
            sa.or_(message.c.on_unknown == "resend", ~maybe_taken()),
        )
        .order_by(message.c.lane, message.c.seq)
        .limit(MOST)
        .with_for_update(of=message, skip_locked=True)
    )
    for row in rows.all():
        stand_in = find_stand_in(row, closed)
        if stand_in is not None:
            hand_on(connection, row, stand_in)
            due.cancel(connection, DueKind.RETRY, str(row.id))
            note(connection, row, Fate.QUEUED, Reason.PROVIDER_DOWN, now, f"{row.provider} → {stand_in}")


def others_of(row: Row) -> Sequence[str]:
    """Who may take over this message, in order."""
    return [name for name in row.others.split(",") if name]


def find_stand_in(row: Row, able: Container[str]) -> str | None:
    """The first of those that may take over and are `able` to."""
    return next((name for name in others_of(row) if name in able), None)


def hand_on(connection: sa.Connection, row: Row, stand_in: str) -> None:
    """The message goes through `stand_in` from now on, under a new reference; who had it stands in for that one."""
    others = [*(name for name in others_of(row) if name != stand_in), row.provider]
    change(connection, row.id, provider=stand_in, others=",".join(others), waiting=False, ref_no=row.ref_no + 1)

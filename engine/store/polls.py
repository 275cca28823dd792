"""Messages whose provider is asked what became of them when it does not say so by itself.

The first question is written down with the attempt, before the provider is called: whichever way a message comes to
be sent, and whoever dies when, it will be asked about. When its time has come and a final report came before it, the
question is dropped.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.receipt import Fate
from engine.store import due
from engine.store.attempt_state import AttemptState
from engine.store.due import DueKind
from engine.store.tables import attempt, message

#: The first question comes so long after the attempt, and no two questions come sooner after one another.
FIRST = timedelta(seconds=30)
#: The first questions about messages of one moment are spread over so long.
SPREAD = timedelta(seconds=90)
#: The wait for the next question grows with the age of the message, up to this and FIRST.
LONGEST = timedelta(hours=1)
#: A message that nothing was heard of for so long stays `sent`.
GIVE_UP = timedelta(hours=72)
#: Not sent yet: looked at again later.
_UNDER_WAY = (Fate.QUEUED, Fate.SENDING, Fate.UNCERTAIN)


@dataclass(frozen=True)
class Question:
    """What a provider is to be asked about."""

    message_id: UUID
    provider: str
    client_ref: str
    provider_ref: str
    since: datetime
    """When it was handed over."""

    def again_at(self, now: datetime, share: float) -> datetime | None:
        """When to ask again, `share` being a random share of 1 (full jitter); None: never."""
        age = now - self.since
        return None if age >= GIVE_UP else now + FIRST + min(LONGEST, age) * share


def begin(connection: sa.Connection, handed: Mapping[UUID, datetime]) -> None:
    """These messages are handed over, at these moments, to providers that can be asked."""
    moments = [(str(id), at + FIRST + SPREAD * (id.int % 1000 / 1000)) for id, at in handed.items()]
    due.schedule_all(connection, DueKind.POLL, moments)


def to_ask(connection: sa.Connection, ids: Collection[UUID], now: datetime) -> list[Question]:
    """The questions about those of these messages that are sent, and of which no more is known."""
    rows = connection.execute(sa.select(message.c.id, message.c.fate).where(message.c.id.in_(ids)))
    fates = {row.id: Fate(row.fate) for row in rows}
    under_way = [id for id in ids if fates.get(id) in _UNDER_WAY]
    sent = [id for id in ids if fates.get(id) is Fate.SENT]
    put_off(connection, {id: now + LONGEST if id in under_way else None for id in set(ids) - set(sent)})
    return _questions(connection, sent)


def put_off(connection: sa.Connection, moments: Mapping[UUID, datetime | None]) -> None:
    """Ask about these then; about those without a moment never again."""
    due.schedule_all(connection, DueKind.POLL, [(str(id), at) for id, at in moments.items() if at is not None])
    if over := [str(id) for id, at in moments.items() if at is None]:
        due.cancel_keys(connection, DueKind.POLL, over)


def _questions(connection: sa.Connection, ids: Sequence[UUID]) -> list[Question]:
    """About the last attempt that was accepted, or else the last: then a report said that it was taken."""
    accepted = sa.case((attempt.c.state == AttemptState.ACCEPTED.value, 1), else_=0)
    rows = connection.execute(
        sa.select(attempt).where(attempt.c.message_id.in_(ids)).order_by(attempt.c.message_id, accepted, attempt.c.n)
    )
    last = {row.message_id: row for row in rows}
    return [Question(id, row.provider, row.client_ref, row.provider_ref, row.started_at) for id, row in last.items()]

"""Providers that were told to report what became of messages, and do not: something is not set up on their side."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from engine.store.attempt_state import AttemptState
from engine.store.database import put
from engine.store.tables import attempt, provider_report

#: A provider that works reports something within this, be it only that a message is on its way.
PATIENCE = timedelta(minutes=10)
#: So many messages without a word are no accident.
LEAST = 5
#: When a provider was heard is known this exactly: it is not written down for every report.
GRAIN = timedelta(minutes=1)
#: More are not counted.
_MOST = 1000


@dataclass(frozen=True)
class Silence:
    """A provider that took messages and said nothing of any of them."""

    provider: str
    accepted: int
    """How many messages; 1,000 may be more."""
    since: datetime
    """When the first of them was handed over."""


def note(connection: sa.Connection, providers: Collection[str], now: datetime) -> None:
    """These providers have reported something."""
    rows = [{"provider": name, "heard_at": now} for name in sorted(providers)]
    connection.execute(put(connection, provider_report, "heard_at"), rows)


def find(connection: sa.Connection, providers: Collection[str], now: datetime) -> list[Silence]:
    """Those of the providers that took at least LEAST messages more than PATIENCE ago, and were not heard since."""
    found = (_of(connection, name, now) for name in sorted(providers))
    return [each for each in found if each is not None]


def _of(connection: sa.Connection, provider: str, now: datetime) -> Silence | None:
    where = [
        attempt.c.provider == provider,
        attempt.c.started_at <= now - PATIENCE,
        attempt.c.state == AttemptState.ACCEPTED.value,
    ]
    known = sa.select(provider_report.c.heard_at).where(provider_report.c.provider == provider)
    heard: datetime | None = connection.execute(known).scalar_one_or_none()
    if heard is not None:
        where.append(attempt.c.started_at > heard + GRAIN)
    taken = sa.select(attempt.c.started_at).where(*where).order_by(attempt.c.started_at).limit(_MOST)
    moments = connection.execute(taken).scalars().all()
    return Silence(provider, len(moments), moments[0]) if len(moments) >= LEAST else None

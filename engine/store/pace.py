"""How fast each provider may be called, over all workers: a row that is locked while messages are claimed for it.

A call takes the next free moment and moves it on by one over the rate. So there is no burst, not even after a rest:
in any second there are at most the rate, rounded up, and one. The lock also hands the queue to one worker at a time,
which is what makes its order and the shares of its lanes hold over all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.store.database import insert_new
from engine.store.tables import provider_rate

#: Moments are given out so far ahead: a fast provider does not need a transaction for each message.
AHEAD = timedelta(milliseconds=100)
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass
class Pace:
    """One provider's pace, in the hands of the worker that holds its row. Call `take` for each message."""

    rate: float | None
    next_at: datetime = _LONG_AGO
    turn: int = 0

    def free(self, now: datetime, most: int) -> int:
        """How many calls may be given out now, at most `most`."""
        if self.rate is None:
            return most
        rest = now + AHEAD - max(self.next_at, now)
        return 0 if rest < timedelta(0) else min(most, int(rest.total_seconds() * self.rate) + 1)

    def take(self, now: datetime) -> timedelta:
        """How long from `now` the next call has to wait; the moment is taken."""
        if self.rate is None:
            return timedelta(0)
        at = max(self.next_at, now)
        self.next_at = at + timedelta(seconds=1 / self.rate)
        return at - now


def hold(connection: sa.Connection, rates: Mapping[str, float | None]) -> dict[str, Pace]:
    """The paces of these providers, locked in one order until the transaction ends."""
    rows = (
        sa.select(provider_rate)
        .where(provider_rate.c.provider.in_(sorted(rates)))
        .order_by(provider_rate.c.provider)
        .with_for_update()
    )
    found = connection.execute(rows).all()
    if len(found) < len(rates):
        new = [{"provider": name, "next_at": _LONG_AGO, "turn": 0} for name in sorted(rates)]
        insert_new(connection, provider_rate, new)
        found = connection.execute(rows).all()
    return {row.provider: Pace(rates[row.provider], row.next_at, row.turn) for row in found}


def keep(connection: sa.Connection, paces: Mapping[str, Pace], changed: Iterable[str]) -> None:
    """Write down what was taken."""
    rows = [
        {"of": name, "next_at": paces[name].next_at, "turn": paces[name].turn}
        for name in sorted(changed)
        if name in paces
    ]
    if rows:
        update = sa.update(provider_rate).where(provider_rate.c.provider == sa.bindparam("of"))
        values: dict[str, Any] = {name: sa.bindparam(name) for name in ("next_at", "turn")}
        connection.execute(update.values(values), rows)


def present(connection: sa.Connection, now: datetime) -> datetime:
    """One clock for all workers: the server's, where there is a server."""
    if connection.dialect.name != "postgresql":
        return now
    at: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return at

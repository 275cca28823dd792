"""How fast each provider may be called and whether at all, over all workers: a row that is locked while messages are
claimed for it.

A call takes the next free moment and moves it on by one over the rate. So there is no burst, not even after a rest:
in any second there are at most the rate, rounded up, and one. The lock also hands the queue to one worker at a time,
which is what makes its order and the shares of its lanes hold over all of them. How a provider fares
(`engine.health`) stands in the same row, so that a breaker that one worker opens is open for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.answer import Answer
from engine.health import Health, State
from engine.store.database import insert_new
from engine.store.tables import provider_rate

#: Moments are given out half a call ahead, and no more than so far: what is given out goes before an urgent message
#: that comes later, but a claim whose commit takes longer than that makes its call late, and close to the next one.
MOST_AHEAD = timedelta(milliseconds=50)
#: And at least so far: a fast provider does not need a transaction for each message.
LEAST_AHEAD = timedelta(milliseconds=10)
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_WELL = Health()


@dataclass
class Pace:
    """One provider's pace, in the hands of the worker that holds its row. Call `take` for each message."""

    rate: float | None
    next_at: datetime = _LONG_AGO
    turn: int = 0
    health: Health = _WELL

    def free(self, now: datetime, most: int) -> int:
        """How many calls may be given out now, at most `most`."""
        state = self.health.state(now)
        if state is not State.CLOSED:
            return min(most, int(state is State.HALF_OPEN))
        rate = self.health.pace(self.rate, now)
        rest = now + _ahead(rate) - max(self.next_at, now)
        if rest < timedelta(0):
            return 0
        return most if rate is None else min(most, int(rest.total_seconds() * rate) + 1)

    def take(self, now: datetime, patience: timedelta) -> timedelta:
        """How long from `now` the next call has to wait; the moment is taken."""
        if self.health.state(now) is State.HALF_OPEN:
            self.health = self.health.trying(now, patience)
        at = max(self.next_at, now)
        rate = self.health.pace(self.rate, now)
        if rate is not None:
            self.next_at = at + timedelta(seconds=1 / rate)
        return at - now

    def opens(self, now: datetime) -> datetime:
        """When there will be something to give out again."""
        tries = self.health.try_at
        closed = tries is not None and self.health.state(now) is State.OPEN
        return tries if closed and tries is not None else self.next_at - _ahead(self.health.pace(self.rate, now))


def _ahead(rate: float | None) -> timedelta:
    return LEAST_AHEAD if rate is None else max(LEAST_AHEAD, min(MOST_AHEAD, timedelta(seconds=0.5 / rate)))


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
    return {row.provider: Pace(rates[row.provider], row.next_at, row.turn, _health(row.health)) for row in found}


def keep(connection: sa.Connection, paces: Mapping[str, Pace], changed: Iterable[str]) -> None:
    """Write down what was taken."""
    rows = [
        {
            "of": name,
            "next_at": paces[name].next_at,
            "turn": paces[name].turn,
            "health": _written(paces[name].health),
        }
        for name in sorted(changed)
        if name in paces
    ]
    if rows:
        update = sa.update(provider_rate).where(provider_rate.c.provider == sa.bindparam("of"))
        values: dict[str, Any] = {name: sa.bindparam(name) for name in ("next_at", "turn", "health")}
        connection.execute(update.values(values), rows)


def learn(
    connection: sa.Connection, provider: str, said: Answer, rate: float | None, started: datetime, now: datetime
) -> None:
    """Remember how a call that was made at `started` ended. A provider that is well costs a reading and no more."""
    row = sa.select(provider_rate).where(provider_rate.c.provider == provider)
    found = connection.execute(row).one_or_none()
    if found is None or (not found.health and _WELL.after(said, rate, started, now) is _WELL):
        return
    found = connection.execute(row.with_for_update()).one()
    health = _health(found.health).after(said, rate, started, now)
    values: dict[str, Any] = {"health": _written(health)}
    if said.retry_after is not None:
        values["next_at"] = max(found.next_at, now + said.retry_after)
    connection.execute(sa.update(provider_rate).where(provider_rate.c.provider == provider).values(values))


def _health(written: str) -> Health:
    return Health.model_validate_json(written) if written else _WELL


def _written(health: Health) -> str:
    return "" if health == _WELL else health.model_dump_json(exclude_defaults=True)


def present(connection: sa.Connection, now: datetime) -> datetime:
    """One clock for all workers: the server's, where there is a server."""
    if connection.dialect.name != "postgresql":
        return now
    at: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return at

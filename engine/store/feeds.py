"""What is remembered of each calendar feed: its last good copy, and what of that is expanded."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine.store.database import put
from engine.store.tables import feed_state

Key = tuple[str, str]
"""(account, feed)."""


@dataclass(frozen=True)
class FeedRow:
    """One feed. `body` and `copy` are JSON of whoever reads feeds."""

    source: str = ""
    """What place it is of, as a derived id."""
    n: int = 0
    """Counts its changes; 0: it was never read."""
    imported: bool = False
    """Whether all of it was read once."""
    rules_version: str = ""
    """By which configuration its reminders are planned."""
    body: str = "{}"
    copy: str = "{}"


def load(connection: sa.Connection, key: Key) -> FeedRow:
    """What is remembered; nothing of one that was never read."""
    row = connection.execute(sa.select(feed_state).where(_is(key))).one_or_none()
    if row is None:
        return FeedRow()
    return FeedRow(row.source, row.n, row.imported, row.rules_version, row.body, row.copy)


def stands(connection: sa.Connection, key: Key, n: int) -> bool:
    """Whether nobody has changed it since it was loaded as `n`. The caller holds its account's lock."""
    found = connection.execute(sa.select(feed_state.c.n).where(_is(key))).scalar_one_or_none()
    return (found or 0) == n


def save(connection: sa.Connection, key: Key, row: FeedRow, now: datetime) -> None:
    """Keep it as the one after `row.n`."""
    values = {
        "source": row.source,
        "n": row.n + 1,
        "imported": row.imported,
        "rules_version": row.rules_version,
        "body": row.body,
        "copy": row.copy,
        "at": now,
    }
    connection.execute(put(connection, feed_state, *values), [{"account_id": key[0], "feed": key[1], **values}])


def changed_at(connection: sa.Connection, key: Key) -> datetime | None:
    """When it last read differently from before; None when it was never read."""
    found: datetime | None = connection.execute(sa.select(feed_state.c.at).where(_is(key))).scalar_one_or_none()
    return found


def keys(connection: sa.Connection) -> list[Key]:
    """Every feed that something is remembered of."""
    rows = connection.execute(sa.select(feed_state.c.account_id, feed_state.c.feed))
    return [(row.account_id, row.feed) for row in rows]


def forget(connection: sa.Connection, key: Key) -> None:
    """Nothing is remembered of it."""
    connection.execute(sa.delete(feed_state).where(_is(key)))


def _is(key: Key) -> sa.ColumnElement[bool]:
    return (feed_state.c.account_id == key[0]) & (feed_state.c.feed == key[1])

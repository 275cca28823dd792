"""The appointments of every feed, as they stand now."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from engine.occasion import Occasion
from engine.store.feeds import Key
from engine.store.tables import occasion

#: The most values in one IN (...).
_MOST = 500
#: How many rows are written, and deleted, at a time.
_BATCH = 1_000


def of_uids(connection: sa.Connection, key: Key, uids: Sequence[str]) -> list[Occasion]:
    """All occasions of some appointments of a feed."""
    found: list[Occasion] = []
    for start in range(0, len(uids), _MOST):
        here = of_feed(key) & occasion.c.uid.in_(uids[start : start + _MOST])
        rows = connection.execute(sa.select(occasion.c.body).where(here)).scalars()
        found += [Occasion.model_validate_json(body) for body in rows]
    return found


def uids_after(connection: sa.Connection, key: Key, after: str, most: int) -> list[str]:
    """The UIDs of a feed that come after this one in their order, at most so many."""
    here = sa.select(occasion.c.uid).where(of_feed(key), occasion.c.uid > after)
    return list(connection.execute(here.distinct().order_by(occasion.c.uid).limit(most)).scalars())


def between(connection: sa.Connection, account: str, begin: datetime, end: datetime) -> list[Occasion]:
    """What of an account's calendars touches a stretch of time, by start; cancelled ones included."""
    here = (occasion.c.account_id == account) & (occasion.c.starts_at < end)
    lasts = (occasion.c.ends_at > begin) | (occasion.c.starts_at >= begin)
    order = (occasion.c.starts_at, occasion.c.feed, occasion.c.uid, occasion.c.recurrence_id)
    rows = connection.execute(sa.select(occasion.c.body).where(here, lasts).order_by(*order)).scalars()
    return [Occasion.model_validate_json(body) for body in rows]


def put_all(connection: sa.Connection, account: str, occasions: Sequence[Occasion]) -> None:
    """Write occasions that are not there; `remove` takes away what they replace."""
    for start in range(0, len(occasions), _BATCH):
        rows = [_row(account, each) for each in occasions[start : start + _BATCH]]
        connection.execute(sa.insert(occasion), rows)


def remove(connection: sa.Connection, account: str, occasions: Iterable[Occasion]) -> None:
    """These are no longer there."""
    names = ("feed", "uid", "recurrence_id", "starts_at")
    gone = [{f"of_{name}": getattr(each, name) for name in names} | {"of_account": account} for each in occasions]
    if gone:
        same = [occasion.c[name] == sa.bindparam(f"of_{name}", type_=occasion.c[name].type) for name in names]
        connection.execute(
            sa.delete(occasion).where(occasion.c.account_id == sa.bindparam("of_account"), *same), gone
        )


def prune(connection: sa.Connection, key: Key, before: datetime) -> None:
    """What had ended by then is of no use to anybody."""
    connection.execute(sa.delete(occasion).where(of_feed(key), occasion.c.ends_at < before))


def of_feed(key: Key) -> sa.ColumnElement[bool]:
    """That a row belongs to a feed."""
    return (occasion.c.account_id == key[0]) & (occasion.c.feed == key[1])


def _row(account: str, each: Occasion) -> dict[str, object]:
    return {
        "account_id": account,
        "feed": each.feed,
        "uid": each.uid,
        "recurrence_id": each.recurrence_id,
        "starts_at": each.starts_at,
        "ends_at": each.ends_at,
        "status": each.status,
        "body": each.model_dump_json(),
    }

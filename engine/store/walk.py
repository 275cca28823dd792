"""The order of the send queue: providers, lanes, accounts in turn, each account's messages one after the other.

The index of the queue is walked from account to account and then from message to message, so that it costs what is
taken and not what waits: ranking ten thousand rows for each sixteen makes a bulk mailing slow for everybody.
"""

from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.notification import Lane
from engine.receipt import Fate
from engine.store.tables import message


def waiting(connection: sa.Connection, room: int) -> dict[str, dict[int, list[UUID]]]:
    """By provider and lane the first `room` messages, their accounts in turn."""
    found: dict[str, dict[int, list[UUID]]] = {}
    for row in connection.execute(_queue(), {"room": room}):
        lanes = found.setdefault(row.provider, {lane.value: [] for lane in Lane})
        lanes.setdefault(row.lane, []).append(row.id)
    return found


#: What a walk through the queue carries from row to row.
_KEY = ("id", "provider", "lane", "account_id", "seq")


@cache
def _queue() -> sa.Select[Any]:
    """By provider and lane the first `room` messages, by place: the first of each account, then the second, ..."""
    room = sa.bindparam("room", type_=sa.Integer)
    row = message.alias()
    heads = sa.select(*(row.c[name] for name in _KEY)).where(row.c.id == _first()).cte("heads", recursive=True)
    provider, lane, account = heads.c.provider, heads.c.lane, heads.c.account_id
    # Three questions, not one about (provider, lane, account): SQLite walks its index by the first of them only.
    after = sa.func.coalesce(
        _first(provider=provider, lane=lane, account_id=account),
        _first(provider=provider, lane=lane),
        _first(provider=provider),
    )
    step = sa.select(*(row.c[name] for name in _KEY)).select_from(heads.join(row, row.c.id == after))
    heads = heads.union_all(step)

    seat = sa.func.row_number().over(partition_by=(heads.c.provider, heads.c.lane), order_by=heads.c.seq)
    seats = sa.select(*(heads.c[name] for name in _KEY), seat.label("seat")).subquery()
    one = sa.literal_column("1", sa.Integer).label("place")
    walk = sa.select(*(seats.c[name] for name in _KEY), one).where(seats.c.seat <= room).cte("walk", recursive=True)
    row = message.alias()
    following = _first(provider=walk.c.provider, lane=walk.c.lane, account_id=walk.c.account_id, seq=walk.c.seq)
    step = sa.select(*(row.c[name] for name in _KEY), walk.c.place + 1)
    walk = walk.union_all(step.select_from(walk.join(row, row.c.id == following)).where(walk.c.place < room))

    rank = sa.func.row_number().over(partition_by=(walk.c.provider, walk.c.lane), order_by=(walk.c.place, walk.c.seq))
    ranked = sa.select(walk.c.id, walk.c.provider, walk.c.lane, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank <= room).order_by(ranked.c.rank)


def _first(**beyond: Any) -> sa.ScalarSelect[Any]:
    """Of what is ready, the first in the order of the index that has these values, and more than the last of them."""
    row = message.alias()
    *same, last = [*beyond] or [""]
    where = [row.c[name] == beyond[name] for name in same] + ([row.c[last] > beyond[last]] if last else [])
    ready = (row.c.fate == Fate.QUEUED.value, row.c.waiting.is_(False))
    order = (row.c.provider, row.c.lane, row.c.account_id, row.c.seq)
    return sa.select(row.c.id).where(*ready, *where).order_by(*order).limit(1).scalar_subquery()

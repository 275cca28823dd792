"""How many messages each account was told on a day: the count behind the daily cap."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.store.database import put
from engine.store.tables import limit_state

_DAILY = "daily_cap"


def counted(connection: sa.Connection, days: Mapping[str, date]) -> dict[str, int]:
    """How many messages each account was told on its day. The caller holds the accounts' locks."""
    rows = connection.execute(
        sa.select(limit_state.c.account_id, limit_state.c.window, limit_state.c.count).where(
            limit_state.c.account_id.in_(days),
            limit_state.c.rule == "",
            limit_state.c.action == "",
            limit_state.c.recipient == "",
            limit_state.c.kind == _DAILY,
            limit_state.c.window.in_({day.isoformat() for day in days.values()}),
        )
    )
    found = {(name, window): count for name, window, count in rows}
    return {name: found.get((name, day.isoformat()), 0) for name, day in days.items()}


def count_more(connection: sa.Connection, more: Mapping[tuple[str, date], int]) -> None:
    """Count so many more messages of an account on a day."""
    rows = [
        {"account_id": name, "window": day.isoformat(), "count": count}
        for (name, day), count in sorted(more.items())
        if count
    ]
    if rows:
        same: dict[str, Any] = {"rule": "", "action": "", "recipient": "", "kind": _DAILY}
        insert = put(connection, limit_state, add=["count"])
        connection.execute(insert, [row | same for row in rows])

"""How much was told on a day, of an account and of its rules: the counts behind the daily caps."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.digest import DigestKey
from engine.store.database import put
from engine.store.tables import limit_state

_DAILY = "daily_cap"
_RULE = "rule_cap"
_STORM = "storm"
#: The most pairs in one IN (...).
_MOST = 400


@dataclass
class Counts:
    """What one account was told on its day."""

    told: int = 0
    by_rule: dict[tuple[str, str], int] = field(default_factory=dict)
    """(scope, rule) -> messages."""
    summed_up: set[DigestKey] = field(default_factory=set)
    """The caps whose digest was told."""


def counted(
    connection: sa.Connection, days: Mapping[str, date], rules: Iterable[tuple[str, str, str]] = ()
) -> dict[str, Counts]:
    """What each account was told on its day, with the counts of these rules: (account, scope, rule).

    The caller holds the accounts' locks.
    """
    names = {(account, _name(scope, rule)): (scope, rule) for account, scope, rule in rules}
    names |= {(account, ""): ("", "") for account in days}
    found = {account: Counts() for account in days}
    windows = {account: day.isoformat() for account, day in days.items()}
    for row in _rows(connection, sorted(names), set(windows.values())):
        if windows.get(row.account_id) == row.window:
            _enter(found[row.account_id], row, names[row.account_id, row.rule])
    return found


def _rows(connection: sa.Connection, pairs: list[tuple[str, str]], windows: set[str]) -> Iterator[sa.Row[Any]]:
    # Not under its own name: `count` is a method of every row.
    counts = sa.select(limit_state, limit_state.c["count"].label("many"))
    pair = sa.tuple_(limit_state.c.account_id, limit_state.c.rule)
    for start in range(0, len(pairs), _MOST):
        where = pair.in_(pairs[start : start + _MOST]) & limit_state.c.window.in_(windows)
        yield from connection.execute(counts.where(where))


def _enter(counts: Counts, row: sa.Row[Any], rule: tuple[str, str]) -> None:
    if row.kind == _DAILY:
        counts.told = row.many
    elif row.kind == _RULE:
        counts.by_rule[rule] = row.many
    elif row.kind == _STORM:
        counts.summed_up.add(DigestKey(*rule, "", row.recipient))


def count_more(connection: sa.Connection, more: Mapping[tuple[str, date], Counts]) -> None:
    """Count so much more for an account on a day."""
    rows = [row for (account, day), counts in sorted(more.items()) for row in _changes(account, day, counts)]
    if rows:
        connection.execute(put(connection, limit_state, add=["count"]), rows)


def _changes(account: str, day: date, more: Counts) -> Iterator[dict[str, Any]]:
    same = {"account_id": account, "action": "", "window": day.isoformat()}
    if more.told:
        yield same | {"rule": "", "recipient": "", "kind": _DAILY, "count": more.told}
    for (scope, rule), count in more.by_rule.items():
        yield same | {"rule": _name(scope, rule), "recipient": "", "kind": _RULE, "count": count}
    for key in more.summed_up:
        name = _name(key.scope, key.rule) if key.rule else ""
        yield same | {"rule": name, "recipient": key.recipient, "kind": _STORM, "count": 1}


def _name(scope: str, rule: str) -> str:
    return f"{scope}/{rule}"

"""A calendar reads differently: appointments, reminders and what is on its way change in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa

from engine.failpoints import failpoint
from engine.occasion import Occasion
from engine.reminder import Reminder
from engine.rules.remind import Outcome, Terms, replan, revise
from engine.store import feeds, occasions, reminders, withdrawing
from engine.store.database import lock_accounts
from engine.store.feeds import FeedRow, Key

T = TypeVar("T", Occasion, Reminder)


@dataclass(frozen=True)
class Seen:
    """What a look at a feed found of some of its appointments."""

    occasions: Mapping[str, Sequence[Occasion]]
    """By UID all that touch the stretch that was looked at; none of one that is gone."""
    since: datetime
    until: Mapping[str, int]
    """By UID where that stretch ends, in Unix seconds; of one that is not here, never."""

    def covers(self, occasion: Occasion) -> bool:
        """Whether an occasion would have been found if it still were there."""
        begins = occasion.ends_at > self.since or occasion.starts_at >= self.since
        until = self.until.get(occasion.uid)
        return begins and (until is None or occasion.starts_at.timestamp() < until)


def apply(
    connection: sa.Connection, key: Key, row: FeedRow, seen: Seen, terms: Terms, save: FeedRow | None = None
) -> bool:
    """Take over what was found, and remember `save` of the feed.

    False, and nothing is done, when another worker has changed the feed since `row` was loaded.
    """
    if not _is_mine(connection, key, row):
        return False
    had, planned, heard = _look(connection, key, list(seen.occasions))
    gone: list[Occasion] = []
    new: list[Occasion] = []
    outcomes: list[Outcome] = []
    for uid, now_there in seen.occasions.items():
        before = [each for each in had[uid] if seen.covers(each)]
        if _by_key(before) == _by_key(now_there):
            continue
        gone += [each for each in had[uid] if each in before or each.key in _by_key(now_there)]
        new += _by_key(now_there).values()
        outcomes.append(revise(before, now_there, planned[uid], heard, terms))
    occasions.remove(connection, key[0], gone)
    occasions.put_all(connection, key[0], new)
    _keep(connection, outcomes, terms.now)
    if save is not None:
        feeds.save(connection, key, save, terms.now)
    failpoint("occasions_open")
    return True


def plan_anew(connection: sa.Connection, key: Key, row: FeedRow, uids: Sequence[str], terms: Terms) -> bool:
    """The rules have changed: the reminders of these appointments become what they want now. As `apply`."""
    if not _is_mine(connection, key, row):
        return False
    had, planned, heard = _look(connection, key, uids)
    _keep(connection, [replan(had[uid], planned[uid], heard, terms) for uid in uids], terms.now)
    return True


def _is_mine(connection: sa.Connection, key: Key, row: FeedRow) -> bool:
    lock_accounts(connection, [key[0]])
    return feeds.stands(connection, key, row.n)


def _look(
    connection: sa.Connection, key: Key, uids: Sequence[str]
) -> tuple[dict[str, list[Occasion]], dict[str, list[Reminder]], dict[UUID, bool]]:
    found = reminders.of_uids(connection, key, uids)
    out = [each.out_id for each in found]
    heard = withdrawing.heard(connection, [id for id in out if id is not None])
    return _by_uid(occasions.of_uids(connection, key, uids)), _by_uid(found), heard


def _keep(connection: sa.Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    reminders.keep(connection, [each for outcome in outcomes for each in outcome.reminders.values()])
    withdrawing.withdraw(connection, {k: v for outcome in outcomes for k, v in outcome.withdrawn.items()}, now)


def _by_uid(found: Iterable[T]) -> dict[str, list[T]]:
    by_uid: defaultdict[str, list[T]] = defaultdict(list)
    for each in found:
        by_uid[each.uid].append(each)
    return by_uid


def _by_key(found: Iterable[Occasion]) -> dict[tuple[str, str, int], Occasion]:
    return {each.key: each for each in found}

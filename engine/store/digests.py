"""Notifications that are told together: collected as they come, told by one message, each with its last receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.admission.later import Collect
from engine.digest import DigestKey, Gathered, digest_id
from engine.notification import Notification
from engine.reason import Reason
from engine.store import due
from engine.store.due import DueKind
from engine.store.tables import digest, digest_item, notification

#: Gone when it is told; so long when no engine runs to tell it.
KEEP = timedelta(days=30)


@dataclass(frozen=True)
class Place:
    """Into which digest something was collected, and when that is told."""

    digest_id: UUID
    due_at: datetime


@dataclass
class _Open:
    """A digest that stands open, as far as collecting must know it."""

    place: Place
    items: int
    had: int


Row = sa.Row[Any]


def collect(
    connection: sa.Connection, collected: Sequence[tuple[Notification, Collect]], now: datetime
) -> Mapping[UUID, Place]:
    """Put each into the open digest of its key, or open one. Answers where each lies. The caller holds the locks.

    In a storm a digest takes no more room than the items that it can name; the rest is counted by their rows.
    """
    opened = _opened(connection, {told.account for told, _ in collected})
    new: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    places: dict[UUID, Place] = {}
    for told, later in collected:
        at = (told.account, later.key)
        if at not in opened:
            place = Place(digest_id(told, later.key, now), later.due_at)
            opened[at] = _Open(place, 0, 0)
            new.append(_row(told, later, place, now))
        found = opened[at]
        places[told.id] = found.place
        if found.items < later.max_items:
            items.append({"digest_id": found.place.digest_id, "n": found.items, "title": told.title or told.text})
            found.items += 1
    if new:
        connection.execute(sa.insert(digest), new)
        due.schedule_all(connection, DueKind.DIGEST, [(str(row["id"]), row["due_at"]) for row in new])
    if items:
        connection.execute(sa.insert(digest_item), items)
        grown = [
            {"of": each.place.digest_id, "now_has": each.items} for each in opened.values() if each.items != each.had
        ]
        connection.execute(
            sa.update(digest).where(digest.c.id == sa.bindparam("of")).values(items=sa.bindparam("now_has")), grown
        )
    return places


def _opened(connection: sa.Connection, accounts: set[str]) -> dict[tuple[str, DigestKey], _Open]:
    rows = connection.execute(
        sa.select(
            digest.c.id,
            digest.c.account_id,
            digest.c.scope,
            digest.c.rule,
            digest.c.action,
            digest.c.recipient,
            digest.c.due_at,
            digest.c["items"],
        ).where(digest.c.account_id.in_(accounts))
    )
    return {
        (account, DigestKey(*key)): _Open(Place(id, due_at), items, items)
        for id, account, *key, due_at, items in rows
    }


def _row(told: Notification, later: Collect, place: Place, now: datetime) -> dict[str, Any]:
    return {
        "id": place.digest_id,
        "account_id": told.account,
        **later.key._asdict(),
        "reason": later.reason.value,
        "opened_at": now,
        "due_at": place.due_at,
        "items": 0,
        "first": told.model_dump_json(),
        "delete_after": place.due_at + KEEP,
    }


def find(connection: sa.Connection, id: UUID) -> Row | None:
    """The row of a digest that stands open."""
    return connection.execute(sa.select(digest).where(digest.c.id == id)).one_or_none()


def gathered(connection: sa.Connection, row: Row) -> Gathered:
    """What lies in it."""
    titles = sa.select(digest_item.c.title).where(digest_item.c.digest_id == row.id).order_by(digest_item.c.n)
    by_rule = {
        (scope, rule): count
        for scope, rule, count in connection.execute(
            sa.select(notification.c.scope, notification.c.rule, sa.func.count())
            .where(notification.c.digest_id == row.id)
            .group_by(notification.c.scope, notification.c.rule)
        )
    }
    return Gathered(
        key=DigestKey(row.scope, row.rule, row.action, row.recipient),
        opened_at=row.opened_at,
        reason=Reason(row.reason),
        first=Notification.model_validate_json(row.first),
        count=sum(by_rule.values()),
        titles=tuple(connection.execute(titles).scalars()),
        by_rule=by_rule,
    )


def postpone(connection: sa.Connection, id: UUID, until: datetime) -> None:
    """It stays open until then."""
    later = {"due_at": until, "delete_after": until + KEEP}
    connection.execute(sa.update(digest).where(digest.c.id == id).values(**later))
    due.schedule(connection, DueKind.DIGEST, str(id), until)


def take_out(connection: sa.Connection, id: UUID, title: str) -> None:
    """One thing of this title is not told any more; the row of its notification no longer points here."""
    mine = digest_item.c.digest_id == id
    first = sa.select(sa.func.min(digest_item.c.n)).where(mine, digest_item.c.title == title).scalar_subquery()
    connection.execute(sa.delete(digest_item).where(mine, digest_item.c.n == first))
    left = sa.select(sa.func.count()).select_from(notification).where(notification.c.digest_id == id)
    if not connection.execute(left).scalar_one():
        close(connection, id)


def close(connection: sa.Connection, id: UUID) -> None:
    """It is told, or will never be; the next of its key opens another."""
    due.cancel(connection, DueKind.DIGEST, str(id))
    connection.execute(sa.delete(digest_item).where(digest_item.c.digest_id == id))
    connection.execute(sa.delete(digest).where(digest.c.id == id))

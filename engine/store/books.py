"""The rows of one admission, gathered to be written table by table: one statement each, not one a message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.admission.admit import Verdict
from engine.admission.later import Collect, Hold
from engine.admission.roads import Ruled, sum_up
from engine.message import message_id
from engine.notification import Channel, Notification
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import digests, due, journeys, ledger, memory, receipts
from engine.store.database import ContendedError, insert_new, put
from engine.store.due import DueKind
from engine.store.queueing import KEEP_CONTENT, Admitted, queue
from engine.store.tables import held, notification


@dataclass(frozen=True)
class _Entry:
    told: Notification
    ruled: Sequence[Ruled]
    purse: ledger.Purse | None

    @property
    def verdict(self) -> Verdict:
        return sum_up(self.ruled)

    @property
    def fate(self) -> Fate:
        return fate_of(self.verdict)

    @property
    def passed(self) -> list[Channel]:
        return [each.channel for each in self.ruled]

    @property
    def goes_on(self) -> bool:
        """Whether another channel may be taken after the one that it takes now."""
        return self.fate is Fate.QUEUED and bool(journeys.ahead(self.told, self.passed))

    @property
    def admitted(self) -> Iterator[Admitted]:
        for each in self.ruled:
            if each.admitted:
                assert each.quote is not None
                assert self.purse is not None
                yield Admitted(self.told, each.quote, each.verdict, self.purse, self.goes_on)


def fate_of(verdict: Verdict) -> Fate:
    """What becomes of a road on which this was decided."""
    if verdict.reason is Reason.ADMITTED:
        return Fate.QUEUED
    if isinstance(verdict.later, Hold):
        return Fate.HELD
    if isinstance(verdict.later, Collect):
        return Fate.COLLECTED
    return Fate.EXPIRED if verdict.reason is Reason.EXPIRED else Fate.REFUSED


class Books:
    """What was decided in one transaction. `woken`: the notifications are here already and were held."""

    def __init__(self, now: datetime, *, woken: bool = False) -> None:
        self._now = now
        self._woken = woken
        self._entries: list[_Entry] = []

    def enter(self, told: Notification, ruled: Sequence[Ruled], purse: ledger.Purse | None) -> None:
        """One notification and what was decided on its roads."""
        self._entries.append(_Entry(told, ruled, purse))

    def write(self, connection: sa.Connection) -> None:
        """Write everything. Raises ContendedError when another worker was quicker with one of the notifications."""
        collected = [(each.told, later) for each in self._entries if isinstance(later := each.verdict.later, Collect)]
        places = digests.collect(connection, collected, self._now) if collected else {}
        self._write_notifications(connection, places)
        queue(connection, [one for each in self._entries for one in each.admitted], self._now)
        self._write_receipts(connection, places)
        self._hold(connection)
        self._begin_journeys(connection)
        alone = {Fate.QUEUED: True, Fate.COLLECTED: False}
        remembered = [(each.told, alone[each.fate]) for each in self._entries if each.fate in alone]
        memory.remember(connection, remembered, self._now)

    def _write_notifications(self, connection: sa.Connection, places: Mapping[UUID, digests.Place]) -> None:
        rows = [_notification(each, places, self._now) for each in self._entries]
        if self._woken:
            changed = ("reason", "admitted_at", "digest_id")
            connection.execute(
                sa.update(notification)
                .where(notification.c.id == sa.bindparam("of"))
                .values({name: sa.bindparam(f"new_{name}") for name in changed}),
                [{"of": row["id"], **{f"new_{name}": row[name] for name in changed}} for row in rows],
            )
        elif insert_new(connection, notification, rows) != len(rows):
            raise ContendedError  # only where the account is unknown: the known ones are locked

    def _write_receipts(self, connection: sa.Connection, places: Mapping[UUID, digests.Place]) -> None:
        rows = [row for each in self._entries for row in _receipts(each, places)]
        if not self._woken:
            receipts.note_first(connection, rows, self._now)
            return
        for row in rows:
            row["account"] = row.pop("account_id")
            receipts.note(connection, Receipt.model_validate({**row, "at": self._now}))

    def _hold(self, connection: sa.Connection) -> None:
        """Keep those whole that wait; forget those that waited."""
        rows: list[dict[str, Any]] = []
        for each in self._entries:
            if isinstance(each.verdict.later, Hold):
                wake_at = each.verdict.later.wake_at
                rows.append(
                    {
                        "notification_id": each.told.id,
                        "account_id": each.told.account,
                        "wake_at": wake_at,
                        "reason": each.verdict.reason.value,
                        "body": each.told.model_dump_json(),
                        "delete_after": wake_at + KEEP_CONTENT,
                    }
                )
            elif self._woken:
                due.cancel(connection, DueKind.HOLD, str(each.told.id))
                connection.execute(sa.delete(held).where(held.c.notification_id == each.told.id))
        if rows:
            connection.execute(put(connection, held, "wake_at", "delete_after"), rows)
            due.schedule_all(
                connection, DueKind.HOLD, [(str(row["notification_id"]), row["wake_at"]) for row in rows]
            )

    def _begin_journeys(self, connection: sa.Connection) -> None:
        begun = [
            (each.told, next(one.channel for one in each.ruled if one.admitted), each.passed)
            for each in self._entries
            if each.goes_on
        ]
        journeys.begin(connection, begun, self._now)


def _notification(each: _Entry, places: Mapping[UUID, digests.Place], now: datetime) -> dict[str, Any]:
    told, place = each.told, places.get(each.told.id)
    return {
        "id": told.id,
        "event_id": told.event_id,
        "account_id": told.account,
        "scope": told.scope,
        "rule": told.rule,
        "action": told.action,
        "recipient": told.recipient,
        "rules_version": told.rules_version,
        "reason": each.verdict.reason.value,
        "decided_at": told.decided_at,
        "admitted_at": now,
        "digest_id": place.digest_id if place else None,
    }


def _receipts(each: _Entry, places: Mapping[UUID, digests.Place]) -> Iterator[dict[str, Any]]:
    """One for each road that was ruled on."""
    before: Ruled | None = None
    for one in each.ruled:
        instead = before is not None and one.admitted and not each.told.together
        yield {
            "message_id": message_id(each.told.id, one.channel),
            "notification_id": each.told.id,
            "account_id": each.told.account,
            "fate": fate_of(one.verdict).value,
            "reason": (Reason.INSTEAD if instead else one.verdict.reason).value,
            "detail": say_instead(before.channel, before.verdict.reason)
            if instead and before
            else one.verdict.detail or _when(each, places),
        }
        before = one


def say_instead(channel: Channel, reason: Reason) -> str:
    """The detail of a receipt that says INSTEAD: of which channel, and why."""
    return f"{channel}: {reason}"


def _when(each: _Entry, places: Mapping[UUID, digests.Place]) -> str:
    """Until when it is held, or when it is told with others."""
    if isinstance(each.verdict.later, Hold):
        return each.verdict.later.wake_at.isoformat()
    place = places.get(each.told.id)
    return place.due_at.isoformat() if place else ""

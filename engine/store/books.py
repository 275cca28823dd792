"""The rows of one admission, gathered to be written table by table: one statement each, not one a message."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.admission.admit import Verdict
from engine.admission.later import Collect, Hold
from engine.message import message_id
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import digests, due, ledger, memory, receipts
from engine.store.database import ContendedError, insert_new, put
from engine.store.due import DueKind
from engine.store.tables import held, message, message_content, notification

#: How long number and text are kept for the person who asks what was sent.
KEEP_CONTENT = timedelta(days=30)


@dataclass(frozen=True)
class _Entry:
    told: Notification
    quote: Quote | Reason
    verdict: Verdict
    purse: ledger.Purse | None

    @property
    def fate(self) -> Fate:
        if self.verdict.reason is Reason.ADMITTED:
            return Fate.QUEUED
        if isinstance(self.verdict.later, Hold):
            return Fate.HELD
        if isinstance(self.verdict.later, Collect):
            return Fate.COLLECTED
        return Fate.EXPIRED if self.verdict.reason is Reason.EXPIRED else Fate.REFUSED

    @property
    def message_id(self) -> UUID:
        quote = self.quote
        return message_id(self.told.id, quote.channel if isinstance(quote, Quote) else self.told.channel)


class Books:
    """What was decided in one transaction. `woken`: the notifications are here already and were held."""

    def __init__(self, now: datetime, *, woken: bool = False) -> None:
        self._now = now
        self._woken = woken
        self._entries: list[_Entry] = []

    def enter(self, told: Notification, quote: Quote | Reason, verdict: Verdict, purse: ledger.Purse | None) -> None:
        """One notification and what was decided on it."""
        self._entries.append(_Entry(told, quote, verdict, purse))

    def write(self, connection: sa.Connection) -> None:
        """Write everything. Raises ContendedError when another worker was quicker with one of the notifications."""
        collected = [
            (each.told, each.verdict.later) for each in self._entries if isinstance(each.verdict.later, Collect)
        ]
        places = digests.collect(connection, collected, self._now) if collected else {}
        self._write_notifications(connection, places)
        self._write_messages(connection)
        self._write_receipts(connection, places)
        self._hold(connection)
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

    def _write_messages(self, connection: sa.Connection) -> None:
        admitted = [each for each in self._entries if each.fate is Fate.QUEUED]
        if not admitted:
            return
        rows = [_message(each) for each in admitted]
        for row, seq in zip(rows, _numbers(connection, len(rows)), strict=True):
            row["seq"] = seq
        first = {"fate": Fate.QUEUED.value, "waiting": False, "attempts": 0, "ref_no": 0, "at": self._now}
        connection.execute(sa.insert(message).values(**first), rows)
        kept = sa.insert(message_content).values(delete_after=self._now + KEEP_CONTENT)
        connection.execute(kept, [_content(each) for each in admitted])
        paid = [(row["id"], row["bucket_id"], row["units"]) for row in rows if row["bucket_id"] is not None]
        if paid:
            ledger.reserve_all(connection, paid, self._now)

    def _write_receipts(self, connection: sa.Connection, places: Mapping[UUID, digests.Place]) -> None:
        rows = [
            {
                "message_id": each.message_id,
                "notification_id": each.told.id,
                "account_id": each.told.account,
                "fate": each.fate.value,
                "reason": each.verdict.reason.value,
                "detail": _when(each, places),
            }
            for each in self._entries
        ]
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


def _message(each: _Entry) -> dict[str, Any]:
    told, quote, verdict, purse = each.told, each.quote, each.verdict, each.purse
    assert isinstance(quote, Quote)
    assert purse is not None
    return {
        "id": each.message_id,
        "notification_id": told.id,
        "account_id": told.account,
        "channel": quote.channel.value,
        "provider": quote.provider,
        "others": ",".join(quote.others),
        "lane": told.lane.value,
        "parts": quote.parts,
        "price": quote.price.minor,
        "currency": quote.price.currency,
        "tariff": quote.tariff,
        "bucket_id": purse.bucket_id(verdict.bucket) if verdict.bucket else None,
        "units": verdict.units,
        "on_unknown": told.on_unknown,
        "not_after": told.not_after,
    }


def _content(each: _Entry) -> dict[str, Any]:
    assert isinstance(each.quote, Quote)
    address, text = each.quote.address_of(each.told), each.quote.text_of(each.told)
    return {"message_id": each.message_id, "address": address, "text": text}


def _when(each: _Entry, places: Mapping[UUID, digests.Place]) -> str:
    """Until when it is held, or when it is told with others."""
    if isinstance(each.verdict.later, Hold):
        return each.verdict.later.wake_at.isoformat()
    place = places.get(each.told.id)
    return place.due_at.isoformat() if place else ""


def _numbers(connection: sa.Connection, many: int) -> Collection[int]:
    """The next places in the order of messages, over all workers."""
    if connection.dialect.name == "postgresql":
        # A sequence waits for nobody; max + 1 would hand the same number to two workers.
        next_one = sa.select(sa.func.nextval("message_seq")).select_from(sa.func.generate_series(1, many))
        return sorted(connection.execute(next_one).scalars())
    # One writer, and nothing is ever deleted: the row that was written last has the highest number.
    newest = sa.select(message.c.seq).order_by(sa.literal_column("rowid").desc()).limit(1)
    last = connection.execute(newest).scalar_one_or_none() or 0
    return range(last + 1, last + 1 + many)

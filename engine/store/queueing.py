"""Messages that were admitted take their place in the send queue: their rows, their words, their reservations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.admission.admit import Verdict
from engine.message import message_id
from engine.notification import Notification
from engine.quote import Quote
from engine.receipt import Fate
from engine.store import ledger
from engine.store.tables import message, message_content

#: How long number and text are kept for the person who asks what was sent.
KEEP_CONTENT = timedelta(days=30)


@dataclass(frozen=True)
class Admitted:
    """A notification on one of its roads, and who pays. `further`: whether its journey hears what becomes of it."""

    told: Notification
    quote: Quote
    verdict: Verdict
    purse: ledger.Purse
    further: bool = False

    @property
    def message_id(self) -> UUID:
        """Of the message on this road."""
        return message_id(self.told.id, self.quote.channel)


def queue(connection: sa.Connection, admitted: Sequence[Admitted], now: datetime) -> None:
    """Write all of them, in their order."""
    if not admitted:
        return
    rows = [_message(each) for each in admitted]
    for row, seq in zip(rows, _numbers(connection, len(rows)), strict=True):
        row["seq"] = seq
    first = {"fate": Fate.QUEUED.value, "waiting": False, "attempts": 0, "ref_no": 0, "at": now}
    connection.execute(sa.insert(message).values(**first), rows)
    kept = sa.insert(message_content).values(delete_after=now + KEEP_CONTENT)
    connection.execute(kept, [_content(each) for each in admitted])
    paid = [(row["id"], row["bucket_id"], row["units"]) for row in rows if row["bucket_id"] is not None]
    if paid:
        ledger.reserve_all(connection, paid, now)


def _message(each: Admitted) -> dict[str, Any]:
    told, quote, verdict = each.told, each.quote, each.verdict
    return {
        "id": each.message_id,
        "notification_id": told.id,
        "account_id": told.account,
        "channel": quote.channel.value,
        "provider": quote.provider,
        "others": ",".join(quote.others),
        "further": each.further,
        "lane": told.lane.value,
        "parts": quote.parts,
        "price": quote.price.minor,
        "currency": quote.price.currency,
        "tariff": quote.tariff,
        "bucket_id": each.purse.bucket_id(verdict.bucket) if verdict.bucket else None,
        "units": verdict.units,
        "on_unknown": told.on_unknown,
        "not_after": told.not_after,
    }


def _content(each: Admitted) -> dict[str, Any]:
    address, text = each.quote.address_of(each.told), each.quote.text_of(each.told)
    media = " ".join(str(file.id) for file in each.told.carried_by(each.quote.channel))
    return {
        "message_id": each.message_id,
        "address": address,
        "text": text,
        "title": each.told.title,
        "media": media,
    }


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

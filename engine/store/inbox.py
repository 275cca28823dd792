"""Admission in one transaction: the inbox row, the verdict, the reservation and the place in the send queue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.admission.admit import Verdict, admit
from engine.admission.standing import Standing
from engine.failpoints import failpoint
from engine.message import message_id
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import ledger, receipts
from engine.store.database import ContendedError, insert_new
from engine.store.limits import count_more, counted
from engine.store.tables import account, consent, message, message_content, notification

#: How long number and text are kept for the person who asks what was sent.
KEEP_CONTENT = timedelta(days=30)

Asked = tuple[Notification, Quote | Reason]


def take_in(connection: sa.Connection, asked: Sequence[Asked], currency: str, now: datetime) -> int:
    """Admit or refuse each notification once; one that is here already is passed over. Returns how many were new.

    `asked` carries for each the quote, or the reason why there is no road. Standing is read and locked once per
    account and folded through the batch, so two messages of one batch cannot spend the same credit.
    """
    # The accounts are locked before we look what is here: a worker that lost its partition and does not know it
    # yet has the same notifications in hand, and the second of us must see the first one's rows.
    purses = ledger.open_purses(connection, {told.account for told, _ in asked}, currency, now)
    new = _new(connection, asked)
    if not new:
        return 0
    books = _Books(now)
    standings, today = _standings(connection, purses, now)
    before = {name: standing.told_today for name, standing in standings.items()}
    for told, quote in new:
        standing = standings.get(told.account)
        if standing is None:
            verdict = Verdict(Reason.UNKNOWN_ACCOUNT)
        elif isinstance(quote, Reason):
            verdict = Verdict(quote)
        else:
            verdict, standings[told.account] = admit(told, quote, standing)
        books.enter(told, quote, verdict, purses.get(told.account))
    books.write(connection)
    more = {(name, today[name]): each.told_today - before[name] for name, each in standings.items()}
    count_more(connection, more)
    failpoint("admission_open")
    return len(new)


def _new(connection: sa.Connection, asked: Sequence[Asked]) -> list[Asked]:
    """Each notification that is not here yet, once."""
    ids = [told.id for told, _ in asked]
    known: set[UUID] = set()
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        known.update(connection.execute(sa.select(notification.c.id).where(notification.c.id.in_(some))).scalars())
    new: dict[UUID, Asked] = {}
    for told, quote in asked:
        if told.id not in known:
            new.setdefault(told.id, (told, quote))
    return list(new.values())


def _standings(
    connection: sa.Connection, purses: Mapping[str, ledger.Purse], now: datetime
) -> tuple[dict[str, Standing], dict[str, date]]:
    """What each account may still do, and which day it has."""
    agreed: dict[str, set[str]] = {name: set() for name in purses}
    where = consent.c.account_id.in_(purses) & consent.c.withdrawn_at.is_(None)
    for name, address in connection.execute(sa.select(consent.c.account_id, consent.c.address).where(where)):
        agreed[name].add(address)
    rows = connection.execute(sa.select(account).where(account.c.id.in_(purses))).all()
    days = {row.id: now.astimezone(ZoneInfo(row.zone)).date() for row in rows}
    told = counted(connection, days)
    found = {}
    for row in rows:
        purse = purses[row.id]
        found[row.id] = Standing(
            account=row.id,
            currency=purse.currency,
            frozen=row.frozen,
            consents=frozenset(agreed[row.id]),
            daily_cap=row.daily_cap,
            told_today=told[row.id],
            allowance=purse.allowance,
            balance=purse.balance,
        )
    return found, days


class _Books:
    """The rows of one admission, gathered to be written table by table: one statement each, not one a message."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._notifications: list[dict[str, Any]] = []
        self._messages: list[dict[str, Any]] = []
        self._contents: list[dict[str, Any]] = []
        self._receipts: list[dict[str, Any]] = []
        self._reserved: list[tuple[UUID, int, int]] = []

    def enter(self, told: Notification, quote: Quote | Reason, verdict: Verdict, purse: ledger.Purse | None) -> None:
        """One notification and what was decided on it."""
        self._notifications.append(
            {
                "id": told.id,
                "event_id": told.event_id,
                "account_id": told.account,
                "scope": told.scope,
                "rule": told.rule,
                "action": told.action,
                "recipient": told.recipient,
                "rules_version": told.rules_version,
                "reason": verdict.reason.value,
                "decided_at": told.decided_at,
                "admitted_at": self._now,
            }
        )
        id = message_id(told.id, told.channel)
        admitted = not (verdict.bucket is None or purse is None or isinstance(quote, Reason))
        self._receipts.append(
            {
                "message_id": id,
                "notification_id": told.id,
                "account_id": told.account,
                "fate": (Fate.QUEUED if admitted else Fate.REFUSED).value,
                "reason": verdict.reason.value,
            }
        )
        if verdict.bucket is None or purse is None or isinstance(quote, Reason):
            return
        bucket_id = purse.bucket_id(verdict.bucket)
        self._messages.append(
            {
                "id": id,
                "notification_id": told.id,
                "account_id": told.account,
                "channel": quote.channel.value,
                "provider": quote.provider,
                "lane": told.lane.value,
                "parts": quote.parts,
                "price": quote.price.minor,
                "currency": quote.price.currency,
                "tariff": quote.tariff,
                "bucket_id": bucket_id,
                "units": verdict.units,
                "on_unknown": told.on_unknown,
                "not_after": told.not_after,
            }
        )
        self._contents.append({"message_id": id, "address": told.address, "text": told.text})
        self._reserved.append((id, bucket_id, verdict.units))

    def write(self, connection: sa.Connection) -> None:
        """Write everything. Raises ContendedError when another worker was quicker with one of the notifications."""
        now = self._now
        if insert_new(connection, notification, self._notifications) != len(self._notifications):
            raise ContendedError  # only where the account is unknown: the known ones are locked
        if self._messages:
            for row, seq in zip(self._messages, _numbers(connection, len(self._messages)), strict=True):
                row["seq"] = seq
            first = {"fate": Fate.QUEUED.value, "waiting": False, "attempts": 0, "ref_no": 0, "at": now}
            connection.execute(sa.insert(message).values(**first), self._messages)
            kept = sa.insert(message_content).values(delete_after=now + KEEP_CONTENT)
            connection.execute(kept, self._contents)
            ledger.reserve_all(connection, self._reserved, now)
        receipts.note_first(connection, self._receipts, now)


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

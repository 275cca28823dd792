"""Admission in one transaction: the inbox row, the verdict, the reservation and the place in the send queue."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.admission.admit import Verdict, admit
from engine.admission.standing import Standing
from engine.failpoints import failpoint
from engine.message import Message, message_id
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import ledger, receipts
from engine.store.tables import account, consent, limit_state, message, message_content, notification

#: How long number and text are kept for the person who asks what was sent.
KEEP_CONTENT = timedelta(days=30)
_DAILY = "daily_cap"


def take_in(
    connection: sa.Connection,
    asked: Sequence[tuple[Notification, Quote | Reason]],
    currency: str,
    now: datetime,
) -> int:
    """Admit or refuse each notification once; one that is here already is passed over. Returns how many were new.

    `asked` carries for each the quote, or the reason why there is no road. Standing is read and locked once per
    account and folded through the batch, so two messages of one batch cannot spend the same credit.
    """
    ids = [told.id for told, _ in asked]
    known = set(connection.execute(sa.select(notification.c.id).where(notification.c.id.in_(ids))).scalars())
    new: dict[object, tuple[Notification, Quote | Reason]] = {}
    for told, quote in asked:
        if told.id not in known:
            new.setdefault(told.id, (told, quote))
    if not new:
        return 0
    accounts = {told.account for told, _ in new.values()}
    purses = ledger.open_purses(connection, accounts, currency, now)
    standings = _standings(connection, purses, now)
    today = {name: standing.told_today for name, standing in standings.items()}
    seq = connection.execute(sa.select(sa.func.coalesce(sa.func.max(message.c.seq), 0))).scalar_one()
    for told, quote in new.values():
        standing = standings.get(told.account)
        if standing is None:
            verdict = Verdict(Reason.UNKNOWN_ACCOUNT)
        elif isinstance(quote, Reason):
            verdict = Verdict(quote)
        else:
            verdict, standings[told.account] = admit(told, quote, standing)
        _write_notification(connection, told, verdict.reason, now)
        if verdict.bucket is None or isinstance(quote, Reason):
            _refuse(connection, told, verdict.reason, now)
            continue
        seq += 1
        _enqueue(connection, told, quote, verdict, purses[told.account], int(seq), now)
    for name, before in today.items():
        _count(connection, name, _day(connection, name, now), standings[name].told_today - before)
    failpoint("admission_open")
    return len(new)


def _standings(connection: sa.Connection, purses: dict[str, ledger.Purse], now: datetime) -> dict[str, Standing]:
    found = {}
    for row in connection.execute(sa.select(account).where(account.c.id.in_(purses))):
        agreed = connection.execute(
            sa.select(consent.c.address).where(consent.c.account_id == row.id, consent.c.withdrawn_at.is_(None))
        )
        purse = purses[row.id]
        found[row.id] = Standing(
            account=row.id,
            currency=purse.currency,
            frozen=row.frozen,
            consents=frozenset(agreed.scalars()),
            daily_cap=row.daily_cap,
            told_today=_counted(connection, row.id, now.astimezone(ZoneInfo(row.zone)).date().isoformat()),
            allowance=purse.allowance,
            balance=purse.balance,
        )
    return found


def _write_notification(connection: sa.Connection, told: Notification, reason: Reason, now: datetime) -> None:
    connection.execute(
        sa.insert(notification).values(
            id=told.id,
            event_id=told.event_id,
            account_id=told.account,
            scope=told.scope,
            rule=told.rule,
            action=told.action,
            recipient=told.recipient,
            rules_version=told.rules_version,
            reason=reason.value,
            decided_at=told.decided_at,
            admitted_at=now,
        )
    )


def _refuse(connection: sa.Connection, told: Notification, reason: Reason, now: datetime) -> None:
    receipts.note(
        connection,
        Receipt(
            message_id=message_id(told.id, told.channel),
            notification_id=told.id,
            account=told.account,
            fate=Fate.REFUSED,
            reason=reason,
            at=now,
        ),
    )


def _enqueue(
    connection: sa.Connection,
    told: Notification,
    quote: Quote,
    verdict: Verdict,
    purse: ledger.Purse,
    seq: int,
    now: datetime,
) -> None:
    assert verdict.bucket is not None
    copy = Message.of(told, quote.provider, quote.parts)
    bucket_id = purse.bucket_id(verdict.bucket)
    connection.execute(
        sa.insert(message).values(
            id=copy.id,
            seq=seq,
            notification_id=told.id,
            account_id=told.account,
            channel=quote.channel.value,
            provider=quote.provider,
            lane=told.lane.value,
            parts=quote.parts,
            price=quote.price.minor,
            currency=quote.price.currency,
            tariff=quote.tariff,
            bucket_id=bucket_id,
            units=verdict.units,
            fate=Fate.QUEUED.value,
            waiting=False,
            attempts=0,
            ref_no=0,
            on_unknown=told.on_unknown,
            not_after=told.not_after,
            at=now,
        )
    )
    connection.execute(
        sa.insert(message_content).values(
            message_id=copy.id, address=told.address, text=told.text, delete_after=now + KEEP_CONTENT
        )
    )
    ledger.reserve(connection, copy.id, bucket_id, verdict.units, now)
    receipts.note(
        connection,
        Receipt(
            message_id=copy.id,
            notification_id=told.id,
            account=told.account,
            fate=Fate.QUEUED,
            reason=Reason.ADMITTED,
            at=now,
        ),
    )


# ---- the daily cap's count


def _day(connection: sa.Connection, account_id: str, now: datetime) -> str:
    zone = connection.execute(sa.select(account.c.zone).where(account.c.id == account_id)).scalar_one()
    return now.astimezone(ZoneInfo(zone)).date().isoformat()


def _row(account_id: str, day: str) -> dict[str, str]:
    return {
        "account_id": account_id,
        "rule": "",
        "action": "",
        "recipient": "",
        "kind": _DAILY,
        "window": day,
    }


def _counted(connection: sa.Connection, account_id: str, day: str) -> int:
    where = [limit_state.c[name] == value for name, value in _row(account_id, day).items()]
    return connection.execute(sa.select(limit_state.c.count).where(*where)).scalar_one_or_none() or 0


def _count(connection: sa.Connection, account_id: str, day: str, more: int) -> None:
    if not more:
        return
    row = _row(account_id, day)
    where = [limit_state.c[name] == value for name, value in row.items()]
    raised = connection.execute(sa.update(limit_state).where(*where).values(count=limit_state.c.count + more))
    if raised.rowcount == 0:
        connection.execute(sa.insert(limit_state).values(**row, count=more))

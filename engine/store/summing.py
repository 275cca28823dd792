"""A digest that is due is told: one message through consent and credit, and the last receipt of all that it tells."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.admission.quiet import wait_until
from engine.admission.roads import Ruled, rule_on_roads, rule_out, sum_up
from engine.digest import Gathered
from engine.failpoints import failpoint
from engine.message import message_id
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate, Receipt
from engine.store import digests, due, ledger, memory, receipts, standings
from engine.store.books import Books
from engine.store.due import DueKind
from engine.store.tables import notification

#: The notification that tells a digest, with its road or the reason why it is not to be told.
Summarise = Callable[[Gathered], tuple[Notification, Quote | Reason]]


def tell(connection: sa.Connection, id: UUID, summarise: Summarise, currency: str, now: datetime) -> None:
    """Tell the digest `id`, unless its receiver is not to be disturbed now: then it stays open until they may be."""
    row = digests.find(connection, id)
    purses = ledger.open_purses(connection, [row.account_id], currency, now) if row else {}
    # Again, under the lock: another worker may have told it.
    row = digests.find(connection, id)
    if row is None:
        due.cancel(connection, DueKind.DIGEST, str(id))
        return
    found = digests.gathered(connection, row)
    standing = standings.read(connection, purses, [found.first], now)[row.account_id]
    until = wait_until(found.first, standing.zone, now)
    if until is not None:
        digests.postpone(connection, id, until)
        return
    told, quote = summarise(found)
    ruled = (
        rule_out(told, quote) if isinstance(quote, Reason) else rule_on_roads(told, quote, standing, digest=True)[0]
    )
    books = Books(now)
    books.enter(told, ruled, purses[row.account_id])
    books.write(connection)
    _end(connection, told, ruled, now)
    if not found.key.action:
        standings.sum_up(connection, standing, found.key)
    digests.close(connection, id)
    failpoint("digest_open")


def _end(connection: sa.Connection, told: Notification, ruled: Sequence[Ruled], now: datetime) -> None:
    """The last receipt of everything in it names the message that told it, or why none did."""
    verdict = sum_up(ruled)
    done = verdict.reason is Reason.ADMITTED
    if not done:
        mine = notification.c.digest_id == told.id
        connection.execute(sa.update(notification).where(mine).values(reason=verdict.reason.value))
        memory.forget_digest(connection, told.id)
    channel = next((each.channel for each in ruled if each.admitted), ruled[0].channel)
    receipts.note_digested(
        connection,
        Receipt(
            message_id=message_id(told.id, channel),
            notification_id=told.id,
            account=told.account,
            fate=Fate.DIGESTED if done else Fate.REFUSED,
            reason=Reason.DIGEST if done else verdict.reason,
            at=now,
            detail=str(told.id),
        ),
    )

"""Test messages: through the same admission, queue and ledger as every other, paid by an account that is nobody's.

Its allowance is granted by the ledger like a plan's, so that double entry holds and no user's credit moves; its daily
cap is the cap on tests, over all workers and commands.
"""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.account import ConsentSource
from engine.identity import derive
from engine.notification import Channel, Lane, Notification
from engine.phone import mask
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import inbox, ledger, limits, story
from engine.store.accounts import period_of
from engine.store.database import Connection, insert_new
from engine.store.messages import handed, lock, reference, whole
from engine.store.send_queue import Claim, Terms, record
from engine.store.story import NotificationStory
from engine.store.tables import account, consent, message

#: Who pays for tests. No file can name an account so.
PAYER = "~test"
#: So many a day (UTC), all together.
MOST_A_DAY = 10
#: The scope of codes that prove a number, whoever pays for them. No account can be called so.
VERIFY = "~verify"
#: More parts than that many tests can have.
_PARTS_A_MONTH = 10_000


def compose(address: str, text: str, now: datetime, wait: timedelta, quote: Quote) -> Notification:
    """A test to this address by the quote's road; worthless once `wait` is over: then nobody looks any more."""
    return Notification(
        event_id=derive("test", address, now.isoformat()),
        account=PAYER,
        scope="test",
        rule="test",
        action="test",
        recipient=mask(address),
        address=address,
        text=text,
        lane=Lane.URGENT,
        channel=quote.channel,
        max_parts=quote.parts,
        decided_at=now,
        not_after=now + wait,
    )


def write(connection: Connection, told: Notification, quote: Quote, currency: str, now: datetime) -> None:
    """Admit a test, or refuse it when today's are used up; its receipts say which."""
    open_payer(connection, now)
    if quote.channel is not Channel.SMS and quote.price.minor:  # the allowance pays SMS alone
        ledger.topup(connection, PAYER, quote.price, f"test {told.id}", now, actor=PAYER)
    write_once(connection, told, quote, currency, now)


def open_payer(connection: Connection, now: datetime) -> None:
    """See that `PAYER` is there and may pay. Whoever comes here at the same moment waits."""
    values = {"parts_per_month": _PARTS_A_MONTH, "daily_cap": MOST_A_DAY, "frozen": False}
    row = {"id": PAYER, "language": "en", "zone": "UTC", "period": period_of(now, "UTC"), **values}
    insert_new(connection, account, [row])
    # A start of the engine freezes what no file names.
    connection.execute(sa.update(account).where(account.c.id == PAYER).values(**values))


def write_once(connection: Connection, told: Notification, quote: Quote, currency: str, now: datetime) -> None:
    """Admit what somebody asked for by a command, for whichever account; who withdrew a consent is not told."""
    # Whoever types the number answers for it, this once.
    mine = (consent.c.account_id == told.account) & (consent.c.address == told.address)
    agreed = {"account_id": told.account, "address": told.address, "given_at": now}
    lent = insert_new(connection, consent, [{**agreed, "source": ConsentSource.CONFIGURATION.value}])
    # Refused, not collected: nobody waits for a digest of these.
    row = connection.execute(sa.select(account).where(account.c.id == told.account)).one()
    today = limits.counted(connection, {row.id: now.astimezone(ZoneInfo(row.zone)).date()})[row.id].told
    inbox.take_in(connection, [(told, quote if today < row.daily_cap else Reason.DAILY_CAP)], currency, now)
    if lent:
        connection.execute(sa.delete(consent).where(mine))


def begin(connection: Connection, message_id: UUID, terms: Terms, now: datetime) -> Claim | None:
    """Take this one message out of the queue, where no engine did: an attempt, durable before the call.

    None when a running engine has it already.
    """
    locked = lock(connection, message_id)
    if locked.fate != Fate.QUEUED.value or locked.attempts:
        return None
    row = connection.execute(whole().where(message.c.id == message_id)).one()
    claim = Claim(handed(row), 1, reference(row), now)
    record(connection, [claim], {row.provider: terms}, now)
    return claim


def tell(connection: Connection, any_id: UUID) -> NotificationStory | None:
    """What became of what a command sent, by the id of its notification or its message; None of all others."""
    found = story.notifications(connection, story.event_of(connection, any_id))
    return next((each for each in found if each.row.account_id == PAYER or each.row.scope == VERIFY), None)

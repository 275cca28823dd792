"""Codes that prove a number: asked for, sent by the line like every message, and typed back once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.message import message_id
from engine.notification import Notification
from engine.quote import Quote
from engine.receipt import Fate
from engine.store import trial
from engine.store.database import Connection, insert_new
from engine.store.tables import message, message_content, verification_code, verified
from engine.verification import LIFE, MOST_AN_HOUR, TRIES, Outcome, is_code

_HOUR = timedelta(hours=1)
#: The message has left, or never will: nobody needs its text any more.
_OVER = tuple(
    fate.value for fate in (Fate.SENT, Fate.DELIVERED, Fate.UNDELIVERED, Fate.FAILED, Fate.EXPIRED, Fate.REFUSED)
)


@dataclass(frozen=True)
class Wish:
    """Somebody wants to prove a number: the message that carries the code, its price, what is kept of the code."""

    told: Notification
    quote: Quote
    currency: str
    account: str
    """For which account it is proven; empty: for nobody's."""
    salt: bytes
    hidden: str


def ask(connection: Connection, wish: Wish, now: datetime) -> bool:
    """Send a code, unless this number was sent too many within the hour; the message's receipts say the rest."""
    # Also the lock under which the codes are counted: two who ask at once come one after the other.
    trial.open_payer(connection, now)
    sweep(connection, now)
    told, codes = wish.told, verification_code.c
    sent = sa.select(sa.func.count()).where(codes.address == told.address, codes.asked_at > now - _HOUR)
    if connection.execute(sent).scalar_one() >= MOST_AN_HOUR:
        return False
    row = {"id": told.event_id, "account_id": wish.account, "address": told.address, "asked_at": now}
    kept = {"salt": wish.salt, "hidden": wish.hidden, "tries": 0, "used": False}
    connection.execute(sa.insert(verification_code).values(**row, **kept))
    trial.write_once(connection, told, wish.quote, wish.currency, now)
    mine = message_content.c.message_id == message_id(told.id, told.channel)
    connection.execute(sa.update(message_content).where(mine).values(delete_after=now + LIFE))
    return True


def check(connection: Connection, address: str, code: str, now: datetime) -> tuple[Outcome, int]:
    """Hold what was typed against the codes that are good for a number; how many tries are left.

    A try counts for each of them, so that two codes are not twice as easily guessed; a code is good once.
    """
    codes = verification_code.c
    good = (codes.address == address) & (codes.asked_at > now - LIFE) & ~codes.used
    rows = connection.execute(
        sa.select(verification_code).where(good).order_by(codes.asked_at.desc()).with_for_update()
    ).all()
    if not rows:
        return Outcome.NO_CODE, 0
    rows = [row for row in rows if row.tries < TRIES]
    if not rows:
        return Outcome.TRIED_OUT, 0
    ids = [row.id for row in rows]
    connection.execute(sa.update(verification_code).where(codes.id.in_(ids)).values(tries=codes.tries + 1))
    left = TRIES - 1 - min(row.tries for row in rows)
    # Each is compared, so that the time says nothing of which.
    same = [row for row in rows if is_code(code, row.salt, row.hidden)]
    if not same:
        return (Outcome.WRONG, left) if left else (Outcome.TRIED_OUT, 0)
    connection.execute(sa.update(verification_code).where(codes.id == same[0].id).values(used=True))
    insert_new(connection, verified, [{"account_id": same[0].account_id, "address": address, "at": now}])
    return Outcome.VERIFIED, left


def forget_text(connection: Connection, id: UUID) -> None:
    """The code has gone its way: it stands nowhere in the store any more. `id` is the message's."""
    over = sa.select(message.c.id).where(message.c.id == id, message.c.fate.in_(_OVER))
    connection.execute(sa.delete(message_content).where(message_content.c.message_id.in_(over)))


def unverified(connection: Connection, account: str, numbers: Iterable[str]) -> list[str]:
    """Which of these numbers nobody has proven for this account, or for nobody's."""
    proven = sa.select(verified.c.address).where(verified.c.account_id.in_((account, "")))
    known = set(connection.execute(proven).scalars())
    return [number for number in numbers if number not in known]


def sweep(connection: Connection, now: datetime) -> None:
    """Forget the codes that count for nothing any more."""
    connection.execute(sa.delete(verification_code).where(verification_code.c.asked_at < now - _HOUR))

"""Admission in one transaction: the inbox row, the verdict, the reservation and the place in the send queue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.admission.roads import rule_on_roads, rule_out
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.store import ledger, standings, withdrawing
from engine.store.books import Books
from engine.store.tables import notification

Asked = tuple[Notification, Quote | Reason]


def take_in(connection: sa.Connection, asked: Sequence[Asked], currency: str, now: datetime) -> int:
    """Decide on each notification once; one that is here already is passed over. Returns how many were new.

    `asked` carries for each the quote, or the reason why there is no road. Standing is read and locked once per
    account and folded through the batch, so two messages of one batch cannot spend the same credit.
    """
    # The accounts are locked before we look what is here: a worker that lost its partition and does not know it
    # yet has the same notifications in hand, and the second of us must see the first one's rows.
    purses = ledger.open_purses(connection, {told.account for told, _ in asked}, currency, now)
    new = _new(connection, asked)
    if not new:
        return 0
    gone = withdrawing.reasons(connection, {told.event_id for told, _ in new})
    if gone:
        new = [(told, gone.get(told.event_id, quote)) for told, quote in new]
    decide(connection, new, purses, Books(now), now)
    failpoint("admission_open")
    return len(new)


def decide(
    connection: sa.Connection,
    asked: Sequence[Asked],
    purses: dict[str, ledger.Purse],
    books: Books,
    now: datetime,
) -> None:
    """Ask the gates for each in order, and write what they say. The caller holds the accounts' locks."""
    before = standings.read(connection, purses, [told for told, _ in asked], now)
    after = dict(before)
    for told, quote in asked:
        standing = after.get(told.account)
        if standing is None:
            ruled = rule_out(told, Reason.UNKNOWN_ACCOUNT)
        elif isinstance(quote, Reason):
            ruled = rule_out(told, quote)
        else:
            ruled, after[told.account] = rule_on_roads(told, quote, standing)
        books.enter(told, ruled, purses.get(told.account))
    books.write(connection)
    standings.write(connection, before, after)


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

"""What was held is brought before every gate again, with the credit and the limits of that moment."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.failpoints import failpoint
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.store import due, ledger
from engine.store.books import Books
from engine.store.due import DueKind
from engine.store.inbox import decide
from engine.store.tables import held

#: The road of a notification at this moment, or why it is not to be sent.
Road = Callable[[Notification], Quote | Reason]


def wake(connection: sa.Connection, ids: Sequence[UUID], road: Road, currency: str, now: datetime) -> None:
    """Decide on these anew. One that came too late for its `not_after` expires; what nobody holds is passed over."""
    owners = sa.select(held.c.account_id).where(held.c.notification_id.in_(ids)).distinct()
    purses = ledger.open_purses(connection, list(connection.execute(owners).scalars()), currency, now)
    # Only now, under the locks: another worker may have woken some.
    rows = connection.execute(sa.select(held).where(held.c.notification_id.in_(ids))).all()
    found = sorted(
        (Notification.model_validate_json(row.body) for row in rows), key=lambda each: (each.decided_at, each.id)
    )
    for id in set(ids) - {each.id for each in found}:
        due.cancel(connection, DueKind.HOLD, str(id))
    if found:
        decide(connection, [(each, _road(each, road, now)) for each in found], purses, Books(now, woken=True), now)
    failpoint("wake_open")


def _road(told: Notification, road: Road, now: datetime) -> Quote | Reason:
    late = told.not_after is not None and told.not_after < now
    return Reason.EXPIRED if late else road(told)

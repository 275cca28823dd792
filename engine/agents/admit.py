"""Road, price and verdict for notifications that are ready, in one transaction; then whoever sleeps is woken."""

from collections.abc import Callable, Sequence

from engine.agents.alarm import weigh
from engine.agents.desk import Desk
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.quote import Quote
from engine.store import inbox
from engine.store.database import Connection


async def admit(
    desk: Desk, notifications: Sequence[Notification], besides: Callable[[Connection], None] = lambda connection: None
) -> None:
    """Admit or refuse each, once; `besides` is done in the same transaction, first."""
    now = desk.clock()
    asked = [(each, desk.road(each, now)) for each in notifications]

    def take_in(connection: Connection) -> None:
        besides(connection)
        inbox.take_in(connection, asked, desk.tariff.currency, now)

    await desk.store.awrite(take_in, touching={each.account for each in notifications})
    failpoint("admission_committed")
    for bell in (desk.bells.queue, desk.bells.due, desk.bells.outbox):
        bell.set()
    priced = [(told, quote) for told, quote in asked if isinstance(quote, Quote) and quote.price.minor]
    await weigh(desk, {told.account: quote.price.minor // quote.parts for told, quote in priced})

"""The channel router: road and price are chosen, then one transaction says yes, no, not now or not
alone, and keeps the place in line."""

from collections.abc import Sequence

from engine.agents.alarm import weigh
from engine.agents.desk import Desk
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.quote import Quote
from engine.store import inbox


async def route(desk: Desk, notifications: Sequence[Notification]) -> None:
    """Admit or refuse each notification, once, before anything is sent."""
    failpoint("notification_taken")
    now = desk.clock()
    asked = [(each, desk.road(each, now)) for each in notifications]
    await desk.store.awrite(
        lambda connection: inbox.take_in(connection, asked, desk.tariff.currency, now),
        touching={each.account for each in notifications},
    )
    failpoint("admission_committed")
    for bell in (desk.bells.queue, desk.bells.due, desk.bells.outbox):
        bell.set()
    priced = [(told, quote) for told, quote in asked if isinstance(quote, Quote) and quote.price.minor]
    await weigh(desk, {told.account: quote.price.minor // quote.parts for told, quote in priced})

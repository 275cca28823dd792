"""The channel router: road and price are chosen, then one transaction says yes or no and keeps the place in line."""

from collections.abc import Sequence

from engine.agents.alarm import weigh
from engine.agents.desk import Desk
from engine.channels.choose import choose
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.reason import Reason
from engine.store import inbox


async def route(desk: Desk, notifications: Sequence[Notification]) -> None:
    """Admit or refuse each notification, once, before anything is sent."""
    failpoint("notification_taken")
    asked = [(each, choose(each, desk.tariff, desk.providers.keys())) for each in notifications]
    now = desk.clock()
    await desk.store.awrite(
        lambda connection: inbox.take_in(connection, asked, desk.tariff.currency, now),
        touching={each.account for each in notifications},
    )
    failpoint("admission_committed")
    desk.bells.queue.set()
    desk.bells.outbox.set()
    await weigh(
        desk,
        {told.account: quote.price.minor // quote.parts for told, quote in asked if not isinstance(quote, Reason)},
    )

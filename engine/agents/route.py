"""The channel router: road and price are chosen, then one transaction says yes, no, not now or not
alone, and keeps the place in line. What goes with files of its mail waits for them elsewhere."""

from collections.abc import Sequence

from engine.agents.admit import admit
from engine.agents.desk import Desk
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.store import enclosing


async def route(desk: Desk, notifications: Sequence[Notification]) -> None:
    """Admit or refuse each notification, once, before anything is sent."""
    failpoint("notification_taken")
    waiting = [each for each in notifications if each.waits]
    ready = [each for each in notifications if not each.waits]
    if ready:
        await admit(desk, ready)
    if waiting:
        now = desk.clock()
        await desk.store.awrite(lambda connection: enclosing.put(connection, waiting, now), touching=())
        desk.bells.enclosures.set()

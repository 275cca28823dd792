"""Delivery reports that were asked for and do not come: the admin hears of it once, until one comes."""

import logging
from collections.abc import Collection
from datetime import timedelta

from engine.agents import alarm
from engine.agents.desk import Desk
from engine.event import What
from engine.store import due, incidents, silence
from engine.store.database import Connection
from engine.store.due import DueKind

log = logging.getLogger("tocsin.silence")

#: How often to look.
EVERY = timedelta(minutes=1)
KEY = "providers"


async def note(desk: Desk, providers: Collection[str]) -> None:
    """These have reported. Raises StoreError; trying again is safe."""
    now = desk.clock()
    late = [name for name in providers if name not in desk.heard or now - desk.heard[name] >= silence.GRAIN]
    if late:
        await desk.store.awrite(lambda connection: silence.note(connection, late, now), touching=())
        desk.heard.update(dict.fromkeys(late, now))


async def look(desk: Desk) -> None:
    """Tell of providers that do not report, and note which do again. Raises StoreError or StreamError."""
    now = desk.clock()
    silent = await desk.store.aread(lambda connection: silence.find(connection, desk.reporting, now))
    for each in silent:
        if (desk.admin, What.NO_RECEIPTS, each.provider) not in desk.alarmed:
            log.warning("provider %s took %d messages and reports nothing", each.provider, each.accepted)
            await alarm.begin(desk, desk.admin, What.NO_RECEIPTS, each.provider)
    well = set(desk.reporting) - {each.provider for each in silent}

    def settle(connection: Connection) -> None:
        for name in sorted(well):
            incidents.end(connection, desk.admin, What.NO_RECEIPTS, name)
        due.schedule(connection, DueKind.SILENCE, KEY, now + EVERY)

    await desk.store.awrite(settle, touching=())
    desk.alarmed -= {(desk.admin, What.NO_RECEIPTS.value, name) for name in well}

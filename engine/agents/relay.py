"""outbox → fates: what became of each notification, for whoever listens."""

import logging
from collections.abc import Sequence
from typing import Any

from engine import topics
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.errors import StoreError, StreamError
from engine.failpoints import failpoint
from engine.receipt import Fate, Receipt
from engine.store import depth, receipts
from engine.store.database import Connection

log = logging.getLogger("tocsin.relay")


async def relay(desk: Desk) -> None:
    """Publish receipts in order until the engine drains. A crash between the two steps repeats, never loses."""
    while not desk.draining.is_set():
        desk.bells.outbox.clear()
        try:
            waiting = await desk.store.aread(receipts.unpublished)
            if waiting:
                facts = [fact for _, fact in waiting]
                await desk.publish(topics.FATES, facts)
                failpoint("fate_published")
                seqs = [seq for seq, _ in waiting]
                await desk.store.awrite(lambda connection: receipts.forget(connection, seqs), touching=())  # noqa: B023
                failpoint("fate_forgotten")
                await _count(desk, facts)
                continue
        except (StoreError, StreamError) as error:
            log.error("the outbox waits: %s", error)
        await listen(desk.bells.outbox, desk.draining, seconds=1.0)


async def _count(desk: Desk, facts: Sequence[Receipt]) -> None:
    """Every fact passes here, so here is where what became of messages is counted and timed."""

    def look(connection: Connection) -> tuple[Any, Any]:
        return depth.roads(connection, facts), depth.origins(connection, facts)

    roads, origins = await desk.store.aread(look)
    for fact in facts:
        desk.metrics.count_fact(fact, roads.get(fact.message_id))
        if fact.fate is Fate.SENT and fact.notification_id in origins:
            desk.metrics.time_submit(fact.at, *origins[fact.notification_id])

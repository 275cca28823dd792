"""outbox → fates: what became of each notification, for whoever listens."""

import logging

from engine import topics
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.errors import StoreError, StreamError
from engine.failpoints import failpoint
from engine.store import receipts

log = logging.getLogger("tocsin.relay")


async def relay(desk: Desk) -> None:
    """Publish receipts in order until the engine drains. A crash between the two steps repeats, never loses."""
    while not desk.draining.is_set():
        desk.bells.outbox.clear()
        try:
            waiting = await desk.store.aread(receipts.unpublished)
            if waiting:
                await desk.publish(topics.FATES, [fact for _, fact in waiting])
                failpoint("fate_published")
                seqs = [seq for seq, _ in waiting]
                await desk.store.awrite(lambda connection: receipts.forget(connection, seqs))  # noqa: B023
                failpoint("fate_forgotten")
                continue
        except (StoreError, StreamError) as error:
            log.error("the outbox waits: %s", error)
        await listen(desk.bells.outbox, desk.draining, seconds=1.0)

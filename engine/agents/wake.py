"""The one sleeper: everything that is due, from one table."""

import logging
from datetime import timedelta
from uuid import UUID

from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.errors import StoreError
from engine.store import attempts, due, send_queue, sweep
from engine.store.due import Due, DueKind

log = logging.getLogger("tocsin.wake")

#: The longest sleep, in seconds: a clock that was set, or another worker's row, is noticed by then.
LONGEST = 5.0


async def wake(desk: Desk) -> None:
    """Act on what is due until the engine drains."""
    while not desk.draining.is_set():
        desk.bells.due.clear()
        now = desk.clock()
        try:
            taken = await desk.store.awrite(lambda connection: due.take(connection, now), touching=())  # noqa: B023
            for each in taken:
                await _act(desk, each)
            next_at = None if taken else await desk.store.aread(due.next_at)
        except StoreError as error:
            log.error("the timer waits: %s", error)
            taken, next_at = [], now + timedelta(seconds=1)
        if not taken:
            wait = LONGEST if next_at is None else (next_at - desk.clock()).total_seconds()
            await listen(desk.bells.due, desk.draining, seconds=min(LONGEST, max(0.0, wait)))


async def _act(desk: Desk, each: Due) -> None:
    now = desk.clock()
    store = desk.store
    if each.kind is DueKind.SWEEP:
        await store.awrite(lambda connection: sweep.sweep(connection, now))
        return
    message_id = UUID(each.key)
    if each.kind is DueKind.RETRY:
        await store.awrite(lambda connection: send_queue.ready(connection, message_id))
    elif each.kind is DueKind.LEASE:
        terms = desk.terms()
        await store.awrite(lambda connection: attempts.lapse(connection, message_id, terms, now))
    elif each.kind is DueKind.WINDOW:
        await store.awrite(lambda connection: attempts.close_window(connection, message_id, now))
    else:
        await _ask(desk, message_id)
    desk.bells.queue.set()
    desk.bells.outbox.set()


async def _ask(desk: Desk, message_id: UUID) -> None:
    """Ask a queryable provider whether it took the message."""
    store = desk.store
    claim = await store.aread(lambda connection: attempts.to_ask(connection, message_id))
    now = desk.clock()
    if claim is None:
        await store.awrite(lambda connection: due.cancel(connection, DueKind.ASK, str(message_id)))
        return
    provider = desk.providers.get(claim.message.provider)
    if provider is None:
        await store.awrite(lambda connection: attempts.lapse(connection, message_id, {}, now))
        return
    said = await provider.ask(claim.client_ref)
    desk.metrics.count_answer(provider.name, said.outcome)
    now, backoff = desk.clock(), desk.backoff(claim.attempt)
    await store.awrite(lambda connection: attempts.asked(connection, message_id, said, now, backoff))

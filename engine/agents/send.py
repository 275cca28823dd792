"""The send queue → providers. An attempt is durable before the call; the answer settles, frees, retries or asks."""

import asyncio
import logging

from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.answer import Answer, Outcome
from engine.errors import StoreError
from engine.failpoints import failpoint
from engine.reason import Reason
from engine.store import attempts, send_queue
from engine.store.send_queue import Claim, Claims

log = logging.getLogger("tocsin.send")

#: Calls in the air at once, over all providers.
MOST_IN_FLIGHT = 16


async def send(desk: Desk) -> None:
    """Send what the queue holds until the engine drains; calls in the air are then waited for."""
    in_flight: set[asyncio.Task[None]] = set()
    try:
        while not desk.draining.is_set():
            desk.bells.queue.clear()
            room = MOST_IN_FLIGHT - len(in_flight)
            taken = await _claim(desk, room) if room else Claims([])
            for claim in taken.claims:
                task = asyncio.create_task(_attempt(desk, claim), name=f"send {claim.client_ref}")
                in_flight.add(task)
            if len(taken.claims) in (0, room) or taken.wait is not None:
                # While a provider has to be waited for, a new message is no reason to look: it waits too.
                bells = [desk.bells.queue] if taken.wait is None else []
                wait = 1.0 if taken.wait is None else min(1.0, taken.wait.total_seconds())
                await listen(*bells, desk.draining, in_flight, seconds=wait)
            for task in [task for task in in_flight if task.done()]:
                in_flight.remove(task)
                task.result()
        if in_flight:
            await asyncio.wait(in_flight)
    finally:
        for task in in_flight:
            task.cancel()


async def _claim(desk: Desk, room: int) -> Claims:
    terms = desk.terms()
    try:
        taken = await desk.store.awrite(
            lambda connection: send_queue.claim(connection, terms, room, desk.clock), touching=()
        )
    except StoreError as error:
        log.error("the send queue waits: %s", error)
        await listen(desk.draining, seconds=1.0)
        return Claims([])
    if taken.claims:
        failpoint("attempt_recorded")
        desk.bells.due.set()
    return taken


async def _attempt(desk: Desk, claim: Claim) -> None:
    provider = desk.providers[claim.message.provider]
    if (early := (claim.not_before - desk.clock()).total_seconds()) > 0:
        await asyncio.sleep(early)
    try:
        said = await provider.send(claim.message, claim.client_ref)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        # A provider's defect must not look like a refusal: whether the message left is not known.
        log.exception("provider %s failed", provider.name)
        said = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=type(error).__name__)
    desk.metrics.count_answer(provider.name, said.outcome)
    failpoint("provider_answered")
    terms, backoff = desk.terms()[provider.name], desk.backoff(claim.attempt)
    while True:
        now = desk.clock()
        try:
            await desk.store.awrite(
                lambda connection: attempts.answer(connection, claim, said, terms, now, backoff),  # noqa: B023
                touching=(claim.message.account,),
            )
            break
        except StoreError as error:
            # The answer is all we have: keep it until the store takes it. If we die first, the lease lapses.
            log.error("an answer waits for the store: %s", error)
            await asyncio.sleep(1.0)
    log.info("message %s through %s: %s (%s)", claim.message.id, provider.name, said.outcome, said.reason)
    failpoint("unknown_recorded" if said.outcome is Outcome.UNKNOWN else "settled")
    desk.bells.due.set()
    desk.bells.outbox.set()

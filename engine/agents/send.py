"""The send queue → providers. An attempt is durable before the call; the answer settles, frees, retries or asks."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta

from engine.agents.alarm import begin, end
from engine.agents.desk import Desk
from engine.agents.hand_over import hand_over
from engine.agents.listen import listen
from engine.answer import Answer, Outcome
from engine.errors import StoreError, StreamError
from engine.event import What
from engine.failpoints import failpoint
from engine.reason import Reason
from engine.store import attempts, send_queue
from engine.store.send_queue import Claim, Claims

log = logging.getLogger("tocsin.send")

#: Messages taken in one transaction.
MOST_AT_ONCE = 16
#: Where a provider has to be waited for, a new message is looked at after so many seconds and no sooner: most of them
#: wait for the same provider.
PAUSE = 0.05


async def send(desk: Desk) -> None:
    """Send what the queue holds until the engine drains; calls in the air are then waited for."""
    in_flight: dict[asyncio.Task[None], str] = {}
    down: dict[str, bool] = {}
    try:
        while not desk.draining.is_set():
            desk.bells.queue.clear()
            taken = await _claim(desk, Counter(in_flight.values()))
            await _hear(desk, taken, down)
            for claim in taken.claims:
                task = asyncio.create_task(_attempt(desk, claim), name=f"send {claim.client_ref}")
                in_flight[task] = claim.message.provider
            if not taken.claims or taken.wait is not None:
                await _listen(desk, in_flight, taken.wait)
            for task in [task for task in in_flight if task.done()]:
                del in_flight[task]
                task.result()
        if in_flight:
            await asyncio.wait(in_flight)
    finally:
        for task in in_flight:
            task.cancel()


async def _listen(desk: Desk, in_flight: Collection[asyncio.Task[None]], wait: timedelta | None) -> None:
    """Until there may be something to take: a new message, an answer that makes room, a moment that has come."""
    left = 1.0 if wait is None else min(1.0, wait.total_seconds())
    if wait is not None:
        pause = min(left, PAUSE)
        await listen(desk.draining, in_flight, seconds=pause)
        left -= pause
    if left > 0:
        await listen(desk.bells.queue, desk.draining, in_flight, seconds=left)


async def _claim(desk: Desk, calls: Mapping[str, int]) -> Claims:
    terms = desk.terms()
    try:
        taken = await desk.store.awrite(
            lambda connection: send_queue.claim(connection, terms, MOST_AT_ONCE, desk.clock, calls), touching=()
        )
    except StoreError as error:
        log.error("the send queue waits: %s", error)
        await listen(desk.draining, seconds=1.0)
        return Claims([])
    if taken.claims:
        failpoint("attempt_recorded")
        desk.bells.due.set()
    return taken


async def _hear(desk: Desk, taken: Claims, down: dict[str, bool]) -> None:
    """New messages go by what the claim has seen of the providers; the admin hears of one that stays down. `down`:
    what was told of each; at first nothing, since a crash may have come before the telling."""
    desk.health = taken.shares
    for name, share in taken.shares.items():
        desk.metrics.set_share(name, share)
        if (now := name in taken.down) is down.get(name):
            continue
        try:
            await (begin if now else end)(desk, desk.admin, What.PROVIDER_DOWN, name)
        except (StoreError, StreamError) as error:
            log.error("how provider %s fares waits to be told: %s", name, error)
            continue
        if now:
            log.error("provider %s does not work: it is tried again now and then", name)
        elif down.get(name):
            log.info("provider %s works again", name)
        down[name] = now


async def _attempt(desk: Desk, claim: Claim) -> None:
    provider = desk.providers[claim.message.provider]
    if (early := (claim.not_before - desk.clock()).total_seconds()) > 0:
        await asyncio.sleep(early)
    try:
        # The lease ends a second later: whoever still draws the pages of a fax by then must not hand them over, since
        # another attempt may be on its way.
        async with asyncio.timeout((claim.not_before + provider.timeout * 1.5 - desk.clock()).total_seconds()):
            said = await hand_over(desk, provider, claim.message, claim.client_ref)
    except asyncio.CancelledError:
        raise
    except TimeoutError:
        said = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="no answer in time")
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

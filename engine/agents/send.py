"""The send queue → providers. An attempt is durable before the call; the answer settles, frees, retries or asks."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

from engine.agents.air import Air
from engine.agents.alarm import begin, end
from engine.agents.desk import Desk
from engine.agents.hand_over import hand_over
from engine.agents.listen import listen
from engine.answer import Outcome
from engine.errors import StoreError, StreamError
from engine.event import What
from engine.failpoints import failpoint
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
    calls: Air[tuple[UUID, int]] = Air()
    news = _News(desk)
    try:
        while not desk.draining.is_set():
            desk.bells.queue.clear()
            taken = await _claim(desk, calls.counts())
            for claim in taken.claims:
                calls.begin((claim.message.id, claim.attempt), _attempt(desk, claim), "send", claim.message.provider)
            news.hear(taken)
            if not taken.claims or taken.wait is not None:
                await _listen(desk, calls.tasks, taken.wait)
            calls.land()
        await calls.end()
    finally:
        calls.drop()
        news.drop()


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


class _News:
    """New messages go by what the claims have seen of the providers; the admin hears of one that stays down.

    Telling has a task of its own: while the stream is away it takes long, and what is claimed must be sent.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[str, bool] = {}  # at first nothing, since a crash may have come before the telling
        self._telling: Air[str] = Air()

    def hear(self, taken: Claims) -> None:
        """What a claim has seen."""
        self._telling.land()
        self._desk.health = taken.shares
        for name, share in taken.shares.items():
            self._desk.metrics.set_share(name, share)
            down = name in taken.down
            if down is not self._told.get(name) and name not in self._telling:
                self._telling.begin(name, self._tell(name, down), "tell of provider")

    async def _tell(self, name: str, down: bool) -> None:
        try:
            await (begin if down else end)(self._desk, self._desk.admin, What.PROVIDER_DOWN, name)
        except (StoreError, StreamError) as error:
            log.error("how provider %s fares waits to be told: %s", name, error)
            return
        if down:
            log.error("provider %s does not work: it is tried again now and then", name)
        elif self._told.get(name):
            log.info("provider %s works again", name)
        self._told[name] = down

    def drop(self) -> None:
        """What is not told by now is told after the next start."""
        self._telling.drop()


async def _attempt(desk: Desk, claim: Claim) -> None:
    provider, terms = desk.providers[claim.message.provider], desk.terms()[claim.message.provider]
    if (early := (claim.not_before - desk.clock()).total_seconds()) > 0:
        await asyncio.sleep(early)
    # The lease ends a second later: whoever still draws the pages of a fax by then must not hand them over.
    left = claim.not_before + terms.patience - desk.clock()
    said = await hand_over(desk, provider, claim.message, claim.client_ref, left.total_seconds())
    desk.metrics.count_answer(provider.name, said.outcome)
    failpoint("provider_answered")
    backoff = desk.backoff(claim.attempt)
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

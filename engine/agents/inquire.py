"""Questions to providers: did you take this message, and what became of it? A slow one keeps nobody waiting.

The timer hands the questions over and goes on. Of one provider only a few are in the air at a time; the others are
due again a little later, for whichever worker has room then.
"""

import logging
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from engine.agents.air import Air
from engine.agents.desk import Desk
from engine.answer import Answer, Outcome
from engine.channels.provider import Polled, Provider
from engine.errors import StoreError
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.store import attempts, due, polls, reports
from engine.store.database import Connection
from engine.store.due import Due, DueKind
from engine.store.polls import Question
from engine.store.send_queue import Claim

log = logging.getLogger("tocsin.inquire")

#: Questions to one provider in the air at once.
MOST = 4
#: How much later what finds no room is due again.
LATER = timedelta(seconds=5)


class Inquiries:
    """The questions that are in the air. One for each worker's timer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._air: Air[tuple[DueKind, UUID]] = Air()
        self._free_at: dict[str, datetime] = {}

    async def begin(self, taken: Sequence[Due]) -> None:
        """Ask what is due and finds room. Raises StoreError, and what a defect ended a question with."""
        self._air.land()
        new = [(each.kind, UUID(each.key)) for each in taken if (each.kind, UUID(each.key)) not in self._air]
        if asks := [id for kind, id in new if kind is DueKind.ASK]:
            await self._begin_asking(asks)
        if about := [id for kind, id in new if kind is DueKind.POLL]:
            await self._begin_polling(about)

    async def end(self) -> None:
        """Wait for what is in the air. Who waits no longer drops it: it is due again when its lease is over."""
        await self._air.end()

    # ---- was it taken?

    async def _begin_asking(self, ids: Sequence[UUID]) -> None:
        store, now = self._desk.store, self._desk.clock()
        found = await store.aread(lambda connection: {id: attempts.to_ask(connection, id) for id in ids})
        late: Counter[str] = Counter()
        moments: list[tuple[str, datetime]] = []
        for id, claim in found.items():
            provider = self._desk.providers.get(claim.message.provider) if claim else None
            if claim is None:
                await store.awrite(lambda connection: due.cancel(connection, DueKind.ASK, str(id)))  # noqa: B023
            elif provider is None:
                await store.awrite(lambda connection: attempts.lapse(connection, id, {}, now))  # noqa: B023
            elif self._room(provider.name, now):
                self._start(DueKind.ASK, id, provider.name, self._ask(provider, claim))
            else:
                moments.append((str(id), self._later(provider.name, timedelta(0), late, now)))
        if moments:
            await store.awrite(lambda connection: due.schedule_all(connection, DueKind.ASK, moments), touching=())

    async def _ask(self, provider: Provider, claim: Claim) -> None:
        desk = self._desk
        try:
            said = await provider.ask(claim.client_ref)
        except Exception as error:  # a provider's defect says nothing of the message
            log.exception("provider %s failed", provider.name)
            said = Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=type(error).__name__)
        desk.metrics.count_answer(provider.name, said.outcome)
        now, backoff, memory = desk.clock(), desk.backoff(claim.attempt), provider.key_life

        def apply(connection: Connection) -> None:
            attempts.asked(connection, claim.message.id, said, now, backoff, memory)

        await self._desk.store.awrite(apply)

    # ---- what became of it?

    async def _begin_polling(self, ids: Sequence[UUID]) -> None:
        store, now = self._desk.store, self._desk.clock()
        questions = await store.awrite(lambda connection: polls.to_ask(connection, ids, now), touching=())
        late: Counter[str] = Counter()
        moments: dict[UUID, datetime | None] = {}
        for each in questions:
            provider: object = self._desk.providers.get(each.provider)
            if not isinstance(provider, Polled) or (gap := provider.poll_gap) is None:
                moments[each.message_id] = None
            elif self._room(each.provider, now) and self._free_at.get(each.provider, now) <= now:
                self._free_at[each.provider] = now + gap
                self._start(DueKind.POLL, each.message_id, each.provider, self._poll(provider, each))
            else:
                moments[each.message_id] = self._later(each.provider, gap, late, now)
        if moments:
            await store.awrite(lambda connection: polls.put_off(connection, moments), touching=())

    async def _poll(self, provider: Polled, question: Question) -> None:
        desk = self._desk
        said: DeliveryReport | None = None
        try:
            said = await provider.poll(question.client_ref, question.provider_ref)
        except Exception:  # a provider's defect says nothing of the message
            log.exception("provider %s failed", question.provider)
        now = desk.clock()
        under_way = said is None or said.fate is Fate.SENT
        again = question.again_at(now, desk.jitter(1.0)) if under_way else None

        def apply(connection: Connection) -> None:
            if said is not None:
                reports.report(connection, said, now)
            polls.put_off(connection, {question.message_id: again})

        await desk.store.awrite(apply)

    # ---- room

    def _room(self, provider: str, now: datetime) -> bool:
        return self._air.counts()[provider] < MOST

    def _later(self, provider: str, gap: timedelta, late: Counter[str], now: datetime) -> datetime:
        """When the next one that finds no room is due again: one after the other, as fast as they may be asked."""
        late[provider] += 1
        return max(now + LATER, self._free_at.get(provider, now)) + max(gap, LATER / MOST) * (late[provider] - 1)

    def _start(self, kind: DueKind, id: UUID, provider: str, question: Coroutine[None, None, None]) -> None:
        self._air.begin((kind, id), self._finish(question), "inquire", provider)

    async def _finish(self, question: Coroutine[None, None, None]) -> None:
        try:
            await question
        except StoreError as error:
            log.error("what a provider said is asked again: %s", error)
        bells = self._desk.bells
        for bell in (bells.due, bells.queue, bells.outbox):
            bell.set()

"""The one sleeper: whatever is due, from one table, and the reminders."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from engine.account import Account
from engine.agents import agenda, silence
from engine.agents.desk import Desk
from engine.agents.fire import Firing
from engine.agents.hear import hear_in_part
from engine.agents.inquire import Inquiries
from engine.agents.listen import listen
from engine.agents.rsvp import Rsvps
from engine.digest import Gathered
from engine.errors import StoreError, StreamError
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.rules.ruleset import GLOBAL
from engine.rules.together import tell_together
from engine.store import attempts, due, falling, reminders, send_queue, summing, sweep, waking
from engine.store.due import Due, DueKind

log = logging.getLogger("tocsin.wake")

#: The longest sleep, in seconds: a clock that was set, or another worker's row, is noticed by then.
LONGEST = 5.0
#: What is decided together, all of one moment in one transaction.
TOGETHER = (DueKind.HOLD, DueKind.FALLBACK)
#: What somebody outside is asked: nobody waits for the answer.
QUESTIONS = (DueKind.ASK, DueKind.POLL)


async def wake(desk: Desk) -> None:
    """Act on what is due until the engine drains."""
    planned = None
    firing = Firing(desk)
    inquiries = Inquiries(desk)
    rsvps = Rsvps(desk)
    while not desk.draining.is_set():
        desk.bells.due.clear()
        now = desk.clock()
        try:
            if planned != desk.version:
                planned = await agenda.plan(desk)
            taken = await desk.store.awrite(lambda connection: due.take(connection, now), touching=())  # noqa: B023
            if held := [UUID(each.key) for each in taken if each.kind is DueKind.HOLD]:
                await _wake_held(desk, held)
            if journeys := [UUID(each.key) for each in taken if each.kind is DueKind.FALLBACK]:
                await _fall_back(desk, journeys)
            if questions := [each for each in taken if each.kind in QUESTIONS]:
                await inquiries.begin(questions)
            if replies := [each for each in taken if each.kind is DueKind.RSVP]:
                await rsvps.begin(replies)
            for each in taken:
                if each.kind not in (*TOGETHER, *QUESTIONS, DueKind.RSVP):
                    await _act(desk, each)
            acted = len(taken) + await firing.fire()
            next_at = None if acted else await _next_at(desk, firing)
        except (StoreError, StreamError) as error:
            log.error("the timer waits: %s", error)
            acted, next_at = 0, now + timedelta(seconds=1)
        if not acted:
            wait = LONGEST if next_at is None else (next_at - desk.clock()).total_seconds()
            await listen(desk.bells.due, desk.draining, seconds=min(LONGEST, max(0.0, wait)))
    await inquiries.end()
    await rsvps.end()
    try:
        await firing.leave()
    except StoreError as error:
        log.error("the reminders in hand come %s later: %s", reminders.LEASE, error)


async def _next_at(desk: Desk, firing: Firing) -> datetime | None:
    """When there is something to do: for a reminder, or anything else."""
    other, pending = await desk.store.aread(lambda c: (due.next_at(c), reminders.next_at(c)))
    return min((each for each in (other, firing.next_at(pending)) if each is not None), default=None)


async def _act(desk: Desk, each: Due) -> None:
    now = desk.clock()
    store = desk.store
    if each.kind is DueKind.SWEEP:
        await store.awrite(lambda connection: sweep.sweep(connection, now))
        return
    if each.kind is DueKind.SILENCE:
        await silence.look(desk)
        return
    if each.kind is DueKind.DIGEST:
        await _tell_digest(desk, UUID(each.key))
        return
    if each.kind is DueKind.AGENDA:
        await agenda.tell(desk, each)
        return
    if each.kind is DueKind.PART:
        await hear_in_part(desk, UUID(each.key))
        return
    message_id = UUID(each.key)
    if each.kind is DueKind.RETRY:
        await store.awrite(lambda connection: send_queue.ready(connection, message_id))
    elif each.kind is DueKind.LEASE:
        terms = desk.terms()
        await store.awrite(lambda connection: attempts.lapse(connection, message_id, terms, now))
    elif each.kind is DueKind.WINDOW:
        await store.awrite(lambda connection: attempts.close_window(connection, message_id, now))
    desk.bells.queue.set()
    desk.bells.outbox.set()


async def _wake_held(desk: Desk, held: Sequence[UUID]) -> None:
    """What was held is asked again, all of one moment in one transaction."""
    now, currency = desk.clock(), desk.tariff.currency
    road = _road(desk, now)
    await desk.store.awrite(lambda connection: waking.wake(connection, held, road, currency, now))
    failpoint("wake_committed")
    desk.bells.queue.set()
    desk.bells.outbox.set()


async def _fall_back(desk: Desk, journeys: Sequence[UUID]) -> None:
    """What was sent by one channel is looked at: whether the next one is to be taken."""
    now, currency = desk.clock(), desk.tariff.currency
    road = _road(desk, now)
    await desk.store.awrite(lambda connection: falling.fall(connection, journeys, road, desk.tells, currency, now))
    failpoint("journey_committed")
    desk.bells.queue.set()
    desk.bells.outbox.set()


def _road(desk: Desk, now: datetime) -> Callable[[Notification], Quote | Reason]:
    """The road that something takes which was decided on before, if its rule still stands."""

    def road(told: Notification) -> Quote | Reason:
        return desk.road(told, now) if _stands(desk, told.account, told.scope, told.rule) else Reason.RULE_WITHDRAWN

    return road


async def _tell_digest(desk: Desk, id: UUID) -> None:
    """What was collected is told, unless its rule is gone."""
    now, currency = desk.clock(), desk.tariff.currency

    def compose(found: Gathered) -> tuple[Notification, Quote | Reason]:
        name = found.first.account
        names = {(rule.scope, rule.id): rule.name for rule in desk.ruleset.of(name)}
        account = desk.accounts.get(name) or Account(id=name)
        told = tell_together(found, account, lambda scope, rule: names.get((scope, rule), rule))
        stands = not found.key.rule or _stands(desk, name, found.key.scope, found.key.rule)
        return told, desk.road(told, now) if stands else Reason.RULE_WITHDRAWN

    await desk.store.awrite(lambda connection: summing.tell(connection, id, compose, currency, now))
    failpoint("digest_committed")
    desk.bells.queue.set()
    desk.bells.outbox.set()


def _stands(desk: Desk, account: str, scope: str, rule: str) -> bool:
    """Whether the rule is still there and switched on; nobody can remove the engine's own."""
    own = scope not in (GLOBAL, account)
    return own or any((each.scope, each.id) == (scope, rule) for each in desk.ruleset.of(account))

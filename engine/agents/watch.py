"""Mailboxes → events. The worker that owns an account's partition watches its mailboxes, and so for bounces."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from engine import topics
from engine.agents import bounces
from engine.agents.alarm import MailboxAlarms
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.event import MailArrived, fit
from engine.failpoints import failpoint
from engine.position import Position
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.watcher import Watcher, source_key
from engine.store import positions

log = logging.getLogger("tocsin.watch")

#: How often ownership is looked at again, in seconds, besides every rebalance.
RECONCILE = 3.0


Watch = dict[str, tuple[asyncio.Task[None], Mailbox]]
"""By the key of the source, the task that watches it and by which settings."""


async def watch(desk: Desk) -> None:
    """Keep one watcher on every folder of every mailbox this worker owns, until the engine drains."""
    watching: Watch = {}
    leaving: Watch = {}
    alarms = MailboxAlarms(desk)
    telling = asyncio.create_task(alarms.run(), name="mailbox alarms")
    try:
        while not desk.draining.is_set():
            desk.bells.partitions.clear()
            _reconcile(desk, watching, leaving, alarms)
            tasks = [*_tasks(watching), *_tasks(leaving), telling]
            await listen(desk.draining, desk.bells.partitions, tasks, seconds=RECONCILE)
            if desk.draining.is_set():
                break
            _look(watching, leaving)
            if telling.done():
                telling.result()
    finally:
        await _stop([*_tasks(watching), *_tasks(leaving), telling])


def _tasks(watch: Watch) -> list[asyncio.Task[None]]:
    return [task for task, _ in watch.values()]


def _look(watching: Watch, leaving: Watch) -> None:
    """A watcher only ends when told to: anything else is a defect and ends us."""
    for key, (task, _) in list(watching.items()):
        if task.done():
            del watching[key]
            task.result()
    for key, (task, _) in list(leaving.items()):
        if task.done():
            del leaving[key]
            if not task.cancelled():
                task.result()


def _reconcile(desk: Desk, watching: Watch, leaving: Watch, alarms: MailboxAlarms) -> None:
    wanted = {}
    readers = {bounces.owner(provider): provider for provider, _ in desk.bounces}
    of_providers = [(bounces.owner(provider), mailbox) for provider, mailbox in desk.bounces]
    for account, mailbox in [*desk.mailboxes, *of_providers]:
        if desk.owns(account):
            for folder in mailbox.folders:
                wanted[source_key(account, mailbox, folder)] = (account, mailbox, folder)
    for key, (task, settings) in list(watching.items()):
        if key not in wanted or wanted[key][1] != settings:
            leaving[key] = watching.pop(key)
            task.cancel()
            desk.board.pop(key, None)
    for key, (account, mailbox, folder) in wanted.items():
        if key not in watching and key not in leaving:  # what comes back at once waits for its own last step
            watcher = Watcher(
                account,
                mailbox,
                folder,
                positions=StoredPositions(desk),
                emit=lambda events: emit(desk, events),
                take=partial(bounces.take, desk, readers[account]) if account in readers else None,
                office=desk.office,
                clock=desk.clock,
                jitter=desk.jitter,
                on_state=alarms.listener(key, account, mailbox),
            )
            desk.board[key] = watcher.watching
            watching[key] = asyncio.create_task(watcher.run(), name=f"watch {account} {folder}"), mailbox


async def emit(desk: Desk, events: Sequence[MailArrived]) -> None:
    """Put mails on the stream; once this returns they are durable and the position may move."""
    await desk.publish(topics.EVENTS, [fit(each, topics.MOST_RECORD_BYTES) for each in events])
    desk.metrics.count_mails(len(events))
    failpoint("event_published")


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class StoredPositions:
    """The watchers' positions, in the store."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def load(self, source: str) -> Position | None:
        """The position, or None for a folder never read."""
        return await self._desk.store.aread(lambda connection: positions.load(connection, source))

    async def save(self, source: str, position: Position) -> None:
        """Durable when it returns."""
        now = self._desk.clock()
        await self._desk.store.awrite(
            lambda connection: positions.save(connection, source, position, now), touching=()
        )

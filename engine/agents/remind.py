"""Calendars → reminders. The worker that owns an account's partition watches its calendars."""

import asyncio
import logging

from engine.agents.alarm import FeedAlarms, end_others
from engine.agents.calendar import Calendar, forget
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.errors import StoreError
from engine.pool import Pool
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.read import MODULES
from engine.store import feeds
from engine.store.feeds import Key

log = logging.getLogger("tocsin.remind")

#: How often ownership is looked at again, in seconds, besides every rebalance and reload.
RECONCILE = 3.0

Watch = dict[Key, tuple[asyncio.Task[None], Feed]]
"""By account and feed, the task that watches it and by which settings."""


async def remind(desk: Desk) -> None:
    """Keep one watch on every calendar of the accounts this worker owns, until the engine drains."""
    watching: Watch = {}
    leaving: Watch = {}
    pool = Pool(*MODULES)
    alarms = FeedAlarms(desk)
    telling = asyncio.create_task(alarms.run(), name="calendar alarms")
    try:
        while not desk.draining.is_set():
            desk.bells.calendars.clear()
            _reconcile(desk, pool, watching, leaving, alarms)
            await _forget_others(desk, leaving)
            tasks = [*_tasks(watching, leaving), telling]
            await listen(desk.draining, desk.bells.calendars, tasks, seconds=RECONCILE)
            _look(watching, leaving)
            if telling.done():
                telling.result()
    finally:
        tasks = [*_tasks(watching, leaving), telling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pool.close()


def _tasks(*watches: Watch) -> list[asyncio.Task[None]]:
    return [task for watch in watches for task, _ in watch.values()]


def _look(watching: Watch, leaving: Watch) -> None:
    """A watch only ends when told to: anything else is a defect and ends us."""
    for watch in (watching, leaving):
        for key, (task, _) in list(watch.items()):
            if task.done():
                del watch[key]
                if watch is watching or not task.cancelled():
                    task.result()


def _reconcile(desk: Desk, pool: Pool, watching: Watch, leaving: Watch, alarms: FeedAlarms) -> None:
    wanted = {(account, feed.name): feed for account, feed in desk.feeds if desk.owns(account)}
    for key, (task, feed) in list(watching.items()):
        if wanted.get(key) != feed:
            leaving[key] = watching.pop(key)
            task.cancel()
            desk.calendars.pop(key, None)
    for key, feed in wanted.items():
        if key not in watching and key not in leaving:  # what comes back at once waits for its own last step
            calendar = Calendar(desk, pool, key, feed, alarms.listener(key[0], feed))
            watching[key] = asyncio.create_task(calendar.run(), name=f"remind {key[0]} {key[1]}"), feed


async def _forget_others(desk: Desk, leaving: Watch) -> None:
    """Of a calendar that is no longer in the configuration nobody is reminded, and that it failed is over."""
    try:
        known = await desk.store.aread(feeds.keys)
        here = {(account, feed.name) for account, feed in desk.feeds}
        for key in known:
            if key not in here and key not in leaving and desk.owns(key[0]):
                await forget(desk, key)
        await end_others(desk)
    except StoreError as error:
        log.error("calendars that are gone from the configuration wait: %s", error)

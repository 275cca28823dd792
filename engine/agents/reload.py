"""files → the configuration in force: everything is built first and swapped at once; a mistake changes nothing.

The files of secrets are looked at too: `engine/agents/rotation.py`.
"""

import asyncio
import gc
import logging
import sys
from dataclasses import replace

from engine.agents.configuration import Files, Reading
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.errors import StoreError
from engine.rules.ruleset import Ruleset
from engine.store import accounts

log = logging.getLogger("tocsin.reload")

#: How often to look at the folder, in seconds. SIGHUP rings at once.
EVERY = 1.0
#: How long the reading of the files may keep the loop waiting, in seconds; Python's own is 5 ms.
GIVE_WAY = 0.001


async def reload(desk: Desk) -> None:
    """Take up changed files until the engine drains."""
    files = desk.files
    if files is None:
        await desk.draining.wait()
        return
    taken = await asyncio.to_thread(files.look)
    while not desk.draining.is_set():
        await listen(desk.draining, desk.bells.configuration, seconds=EVERY)
        asked = desk.bells.configuration.is_set()
        desk.bells.configuration.clear()
        if desk.rotation is not None and not desk.draining.is_set():
            await desk.rotation.turn(at_once=asked)
        seen = await asyncio.to_thread(files.look)
        if desk.draining.is_set() or (seen == taken and not asked):
            continue
        if not asked and seen != await _settle(desk, files, seen):
            continue  # still being written: looked at again in a moment
        if await _take(desk, await asyncio.to_thread(read, files, desk.ruleset)):
            taken = seen


def read(files: Files, in_force: Ruleset) -> Reading:
    """The files anew, in a thread that gives way soon. Collecting garbage would keep everybody waiting for 20 ms."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(GIVE_WAY)
    gc.disable()
    try:
        return files.read(in_force)
    finally:
        sys.setswitchinterval(usual)
        gc.freeze()
        gc.enable()


async def _settle(desk: Desk, files: Files, seen: object) -> object:
    """What the folder looks like a moment later: an editor or a copy may be half done."""
    await listen(desk.draining, seconds=0.1)
    return await asyncio.to_thread(files.look)


async def _take(desk: Desk, reading: Reading) -> bool:
    """Whether these files need not be read again before they change."""
    desk.metrics.count_reload(reading.configuration is not None)
    new = reading.configuration
    if new is None:
        for line in reading.report:
            log.error("%s", line)
        log.error("the changed configuration has mistakes: configuration %s stays in force", desk.version)
        return True
    if reading.waits:
        log.warning("changed, but only in force after the next start: %s", ", ".join(reading.waits))
    if new.version == desk.version:
        return True
    now, rows, people = desk.clock(), list(new.accounts.values()), new.contacts
    try:
        # The rows come first: a new account's first mail must find a purse.
        await desk.store.awrite(lambda connection: accounts.upsert(connection, rows, new.version, now, people))
    except StoreError as error:
        log.error("the changed configuration waits: %s", error)
        return False
    desk.adopt(replace(new, ruleset=await index(new.ruleset)))
    desk.metrics.set_configuration(new.version)
    desk.bells.share_out()
    log.info("configuration %s is in force", new.version)
    return True


async def index(ruleset: Ruleset) -> Ruleset:
    """The rules with many changes taken into their indexes, in steps that leave time for everybody else's."""
    steps = ruleset.settle()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            settled: Ruleset = end.value
            return settled
        await asyncio.sleep(0)

"""commands → the stream: what a person asked for on the command line, which may not publish itself."""

import logging

from engine import topics
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.errors import StoreError, StreamError
from engine.store import commands, dead_letters
from engine.store.commands import CommandKind
from engine.store.database import Connection

log = logging.getLogger("tocsin.obey")

#: How often to look, in seconds: the command line cannot ring a bell in another process.
EVERY = 1.0


async def obey(desk: Desk) -> None:
    """Do what was asked until the engine drains; what is not done then is done after the next start."""
    while not desk.draining.is_set():
        try:
            if await desk.store.aread(lambda connection: commands.waiting(connection, CommandKind.REPLAY)):
                now = desk.clock()
                for place in await desk.store.awrite(
                    lambda connection: commands.take(connection, CommandKind.REPLAY, now)  # noqa: B023
                ):
                    await replay(desk, place)
        except (StoreError, StreamError) as error:
            log.error("a command waits: %s", error)
        await listen(desk.draining, seconds=EVERY)


async def replay(desk: Desk, place: str) -> None:
    """Publish a dead letter again, as it stood. It leaves the dead letters only once that is durable; a crash between
    the two publishes it twice, which the derived ids make once."""
    letter = await desk.store.aread(lambda connection: dead_letters.find(connection, place))
    topic = topics.again(letter.topic) if letter else None
    if letter is None:
        log.warning("%s lies among the dead letters no longer; nothing is replayed", place)
    elif topic is None or len(letter.key) + len(letter.value) > topics.MOST_RECORD_BYTES:
        log.error("%s cannot be replayed: its topic is unknown or it is too long; it stays where it is", place)
        letter = None
    else:
        await desk.publish(topic, [letter])
        log.info("%s is on the stream again", place)

    def finish(connection: Connection) -> None:
        if letter is not None:
            dead_letters.remove(connection, place)
        commands.done(connection, CommandKind.REPLAY, place)

    await desk.store.awrite(finish)

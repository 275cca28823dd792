"""Refresh a feed without blocking the event loop: all work on its text happens in the pool's process."""

from collections.abc import AsyncIterator, Sequence

from engine.pool import OverrunError, Pool
from engine.sources.calendar.expand import Expanded
from engine.sources.calendar.refresh import FeedState, Refreshed, Window, advance, expand_due, survey
from engine.sources.calendar.split import Chunk
from engine.sources.calendar.trouble import Trouble

#: Of processor time, for one appointment; a daily one since 1900 takes a quarter of it.
MOST_SECONDS = 0.5
#: For splitting the largest feed, which takes a tenth of it.
MOST_SECONDS_SURVEY = 10.0
#: So many appointments are expanded before what they gave is handed over.
BATCH = 1_000
#: What a pool for calendars imports when it starts.
MODULES = ("engine.sources.calendar.refresh", "icalendar", "recurring_ical_events", "x_wr_timezone")


async def read(
    pool: Pool, old: FeedState, texts: Sequence[str], zone: str, window: Window, *, feed: str = ""
) -> AsyncIterator[Refreshed]:
    """What `refresh.plan` gives, in batches, each with the state to keep once it is stored; the last one is whole.

    An appointment that takes too long is a trouble. Raises SourceError when a single text is no whole calendar,
    OverrunError when even splitting takes too long.
    """
    while True:
        found = await pool.run(MOST_SECONDS_SURVEY, survey, old, texts, zone, window, BATCH)
        done = {chunk.uid: await _expand(pool, chunk, zone, window, feed) for chunk in found.due}
        refreshed = advance(old, found, done, zone, window)
        yield refreshed
        if not found.left:
            return
        old = refreshed.state


async def _expand(pool: Pool, chunk: Chunk, zone: str, window: Window, feed: str) -> Expanded:
    try:
        return await pool.run(MOST_SECONDS, expand_due, chunk, zone, window, feed)
    except OverrunError as error:
        return Expanded((), (Trouble(uid=chunk.uid, what=f"it is left out: {error.message}"),))

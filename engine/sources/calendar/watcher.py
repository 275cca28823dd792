"""Watch one feed, for ever: look, hand over what changed, wait. The last good copy stands until a better one does."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.errors import SourceError, StoreError, TocsinError
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import fetch
from engine.sources.calendar.watching import State, Watching
from engine.visit import Bounds

__all__ = ["Deliver", "Pace", "State", "Watcher", "Watching"]

Deliver = Callable[[Copy], Awaitable[None]]
"""Takes a copy that reads differently from the one before; returns only once it is durable.

What it raises is a look that failed: the copy before stays, and the new one comes again.
"""
_logger = logging.getLogger("tocsin.calendar")


@dataclass(frozen=True)
class Pace:
    """How patient a watcher is, in seconds."""

    start: float = 20.0
    """A feed that is known waits up to this long for its first look: not all are asked at the moment of a start."""
    first: float = 30.0
    """The longest wait after a first failure; it doubles with each failure more."""
    cap: float = 3600.0
    """The longest back-off."""
    spread: float = 0.1
    """This part of the time between two looks is left to chance: the feeds of a host are not all asked at once."""

    def back_off(self, failures: int) -> float:
        """The ceiling of the wait after so many failures in a row."""
        return float(min(self.cap, self.first * 2.0 ** min(failures, 40)))


class Watcher:
    """The watch over one feed. `copy`: the last that was delivered, None when none ever was.

    `jitter(ceiling)` answers seconds between 0 and `ceiling`.
    """

    def __init__(
        self,
        account: str,
        feed: Feed,
        *,
        copy: Copy | None,
        deliver: Deliver,
        clock: Callable[[], datetime],
        jitter: Callable[[float], float],
        pace: Pace | None = None,
        bounds: Bounds | None = None,
        on_state: Callable[[Watching], None] | None = None,
    ) -> None:
        self.copy = copy
        """The last good copy; occasions are expanded from it while the server is away."""
        self.watching = Watching(account, feed.name, feed.place, State.LOOKING, clock())
        self._feed = feed
        self._deliver = deliver
        self._clock = clock
        self._jitter = jitter
        self._pace = pace or Pace()
        self._bounds = bounds
        self._on_state = on_state
        self._logged = ""

    async def run(self) -> None:
        """Watch until cancelled. Nothing that a server, the stream or the store does ends it."""
        wait = self._jitter(self._pace.start) if self.copy is not None else 0.0
        try:
            while True:
                self.watching.next_at = self._clock() + timedelta(seconds=wait)
                await asyncio.sleep(wait)
                wait = await self.look()
        finally:
            self._say(State.STOPPED)

    async def look(self) -> float:
        """Look once. Answers the seconds to wait before the next look."""
        self.watching.looks += 1
        self._say(State.LOOKING, self.watching.error)
        try:
            await self._take()
        except Exception as error:
            return self._fail(error)
        self.watching.failures = self.watching.refusals = 0
        self.watching.failing_since = None
        self.watching.heard_at = self._clock()
        self._say(State.WAITING)
        return self._ordinary_wait()

    async def _take(self) -> None:
        """Fetch, deliver, and only then believe it."""
        found = await fetch(self._feed, self.copy or Copy(), self._bounds)
        if self.copy is None or not found.reads_as(self.copy):
            await self._deliver(found)
            self.watching.changes += 1
        self.copy = found
        self.watching.unread = sum(not piece.text for piece in found.pieces.values())

    def _fail(self, error: Exception) -> float:
        watching = self.watching
        failures, watching.failures = watching.failures, watching.failures + 1
        if isinstance(error, StoreError):  # the feed was read; that our store is away is no fault of it
            watching.failing_since, watching.refusals = None, 0
        else:
            watching.failing_since = watching.failing_since or self._clock()
        if isinstance(error, SourceError) and not error.unreachable:
            watching.refusals += 1
            self._say(State.REFUSED, str(error))
            # The first may be a slip. Whether it is shows soon, also where the ordinary pace is a day.
            return min(self._ordinary_wait(), self._pace.cap if watching.refusals == 1 else math.inf)
        if not isinstance(error, TocsinError):
            _logger.error("feed %s: unexpected", self._feed.name, exc_info=error)
        self._say(State.BACKING_OFF, str(error) or type(error).__name__)
        half = self._pace.back_off(failures) / 2
        return max(half + self._jitter(half), float(getattr(error, "wait", 0.0)))

    def _ordinary_wait(self) -> float:
        interval = self._feed.interval(self.copy.advice if self.copy else None).total_seconds()
        return interval + self._jitter(interval * self._pace.spread)

    def _say(self, state: State, error: str = "") -> None:
        watching = self.watching
        if error and error != self._logged and state is not State.LOOKING:
            _logger.warning("account %s, feed %s: %s: %s", watching.account, watching.feed, state, error)
            self._logged = error
        elif state is State.WAITING:
            self._logged = ""
        if state is not watching.state:
            watching.state, watching.since = state, self._clock()
            changed = True
        else:
            changed = error != watching.error
        watching.error = error
        if changed and self._on_state is not None:
            self._on_state(watching)

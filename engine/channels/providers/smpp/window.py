"""How many units may wait for an answer: as many as agreed, fewer after "too fast", and none for a while."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Window:
    """Counts the units in the air."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._used = 0
        self._shut_until = 0.0
        self._queue: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self._opening: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """How many may be in the air now."""
        return int(self._limit)

    async def enter(self, start: Callable[[], T]) -> T:
        """Call `start` once there is room, first come first served; what it returns.

        It is called in the very moment in which another leaves: a turn of the event loop later, the link would have
        idled that long. Who is cancelled before that is not started, and whoever was started leaves. When `start`
        raises, nobody has entered.
        """
        if not self._queue and self._has_room():
            self._used += 1
            try:
                return start()
            except BaseException:
                self._used -= 1
                raise
        turn: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append((turn, start))
        self._wake()
        return await turn

    def leave(self) -> None:
        """A unit was answered, or is not waited for any more."""
        self._used -= 1
        self._wake()

    def narrow(self, seconds: float = 0.0) -> None:
        """Halve the room, and let nothing in for so many seconds."""
        self._limit = max(1.0, self._limit / 2)
        self._shut_until = max(self._shut_until, asyncio.get_running_loop().time() + seconds)

    def widen(self) -> None:
        """A unit was taken: one more may be in the air after as many as there is room for."""
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + 1 / self._limit)

    def close(self) -> None:
        """Forget the clock; nobody waits any more."""
        if self._opening is not None:
            self._opening.cancel()

    def _has_room(self) -> bool:
        return self._used < self.limit and asyncio.get_running_loop().time() >= self._shut_until

    def _wake(self) -> None:
        while self._queue and self._has_room():
            turn, start = self._queue.popleft()
            if turn.done():
                continue
            self._used += 1
            try:
                turn.set_result(start())
            except Exception as error:
                self._used -= 1
                turn.set_exception(error)
        loop = asyncio.get_running_loop()
        if self._queue and self._opening is None and loop.time() < self._shut_until:
            self._opening = loop.call_at(self._shut_until, self._open)

    def _open(self) -> None:
        self._opening = None
        self._wake()

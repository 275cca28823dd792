"""What a hop has in the air: tasks that are not waited for one by one, and that a defect must not end unheard."""

import asyncio
from collections import Counter
from collections.abc import Collection, Coroutine, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Air(Generic[Key]):
    """Tasks by what they are about. `of` says with whom: so many of each may be bounded."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._of: dict[Key, str] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._tasks

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """What a hop that waits is to wake up for."""
        return self._tasks.values()

    def counts(self) -> Counter[str]:
        """How many there are of each."""
        return Counter(self._of.values())

    def begin(self, key: Key, work: Coroutine[None, None, None], name: str, of: str = "") -> None:
        """Begin to work on `key`, which is not in the air; `name` is what a log calls it."""
        self._tasks[key] = asyncio.create_task(work, name=f"{name} {key}")
        self._of[key] = of

    def land(self) -> None:
        """Forget what is done. Raises what a defect ended a task with; the others land the next time."""
        for key, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[key], self._of[key]
                task.result()

    async def end(self) -> None:
        """Wait for what is in the air; who waits no longer drops it."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks.values())
        finally:
            self.drop()
        self.land()

    def drop(self) -> None:
        """Leave off what is in the air."""
        for task in self._tasks.values():
            task.cancel()

"""A process that the demo started, and ends."""

import asyncio
import re
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.errors import TocsinError

#: Seconds that a child gets to say that it is ready, and to end when it is told to.
_READY, _PATIENCE = 30.0, 25.0
#: So many lines are kept to look through, and of a child that died so many are shown.
_KEPT, _LAST = 500, 12


class Child:
    """One child: what it said last, and when it ended."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self._said: deque[str] = deque(maxlen=_KEPT)
        self._silent = False
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def expect(self, pattern: str) -> re.Match[str]:
        """Wait for a line that matches. Raises TocsinError with the child's last words when none comes."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found.extend(filter(None, (re.search(pattern, line) for line in self._said)))
            return bool(found) or self._silent

        try:
            async with asyncio.timeout(_READY), self._news:
                await self._news.wait_for(look)
        except TimeoutError:
            raise self._fail(f"the {self.name} did not come up in {_READY:.0f} s") from None
        if not found:
            raise self._fail(f"the {self.name} ended instead of coming up")
        return found[0]

    async def live(self) -> None:
        """Wait for the child to end, which it should not: raises TocsinError with its last words."""
        code = await self.process.wait()
        await self._reading
        raise self._fail(f"the {self.name} ended with code {code}")

    async def end(self) -> None:
        """Tell it to end and wait; one that does not is killed."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._news:
                self._said.append(line.decode(errors="replace").rstrip())
                self._news.notify_all()
        async with self._news:
            self._silent = True
            self._news.notify_all()

    def _fail(self, message: str) -> TocsinError:
        said = "".join(f"\n  | {line}" for line in list(self._said)[-_LAST:]) or "\n  | (nothing)"
        return TocsinError(f"{message}; its last words:{said}")


@asynccontextmanager
async def start(name: str, *arguments: str) -> AsyncIterator[Child]:
    """Run this Python with `arguments`; on leaving, the child is ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=1024 * 1024,
        start_new_session=True,  # ^C reaches only the demo, which then ends its children in order
    )
    child = Child(name, process)
    try:
        yield child
    finally:
        await child.end()

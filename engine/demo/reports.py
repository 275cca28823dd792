"""Delivery reports: the phone tells the engine what became of a message, until it is answered with 200."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from engine.demo.journal import Did, Journal, Line
from engine.net import Http, NoReplyError, NotSentError

#: Seconds between two tries: doubling from the first to the last.
_FIRST, _LAST = 0.2, 5.0
#: Reports under way at the same time.
_AT_ONCE = 32


class Reporter:
    """Owes one report per message that was taken, and gives it."""

    def __init__(self, callback: str, token: str, journal: Journal, told: Callable[[Line], None]) -> None:
        """`callback` is where to; `told` hears of every message that was reported on."""
        self._callback = callback
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._journal = journal
        self._told = told
        self._http = Http()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def owe(self, taken: Line, after: float, *, twice: bool = False) -> None:
        """Report on `taken` in `after` seconds, as often as it takes."""
        task = asyncio.create_task(self._deliver(taken, after, twice=twice))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report(self, taken: Line) -> bool:
        """Try once; whether it was answered with 200."""
        if not self._callback:
            self._told(taken)  # nobody wants to know; the phone's own page does
            return True
        body = {"ref": taken.ref, "id": taken.id, "status": taken.report, "at": datetime.now(UTC).isoformat()}
        try:
            async with self._room:
                reply = await self._http.request(
                    "POST", self._callback, json=body, headers=self._headers, timeout=timedelta(seconds=10)
                )
        except (NotSentError, NoReplyError):
            return False
        if reply.status != 200:
            return False
        await self._journal.append(Did.REPORTED, ref=taken.ref, id=taken.id, to=taken.to, report=taken.report)
        self._told(taken)
        return True

    async def write(self, sender: str, to: str, text: str) -> int:
        """Somebody writes on the phone of this number; the status with which the engine answered, 0 for none."""
        body = {
            "id": uuid4().hex,
            "from": sender,
            "to": to,
            "text": text,
            "at": datetime.now(UTC).isoformat(),
        }
        address = self._callback.replace("/callbacks/", "/inbound/")
        try:
            reply = await self._http.request(
                "POST", address, json=body, headers=self._headers, timeout=timedelta(seconds=10)
            )
        except (NotSentError, NoReplyError):
            return 0
        return reply.status

    async def close(self) -> None:
        """Stop; what is still owed is given after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    async def _deliver(self, taken: Line, after: float, *, twice: bool) -> None:
        await asyncio.sleep(after)
        wait = _FIRST
        while not await self.report(taken):
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LAST)
        if twice:
            await self._deliver(taken, 0, twice=False)

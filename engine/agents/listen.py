"""Waiting for a bell: how every hop that is not fed by the stream sleeps."""

import asyncio
from collections.abc import Collection


async def listen(
    bell: asyncio.Event, *others: asyncio.Event | Collection[asyncio.Task[None]], seconds: float
) -> None:
    """Wait until `bell` or another event is set, a task is done, or `seconds` have passed; then clear `bell`."""
    waits: set[asyncio.Future[object]] = {asyncio.ensure_future(bell.wait())}
    mine = set(waits)
    for other in others:
        if isinstance(other, asyncio.Event):
            waiting: asyncio.Future[object] = asyncio.ensure_future(other.wait())
            waits.add(waiting)
            mine.add(waiting)
        else:
            waits.update(other)  # type: ignore[arg-type]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in mine:
            wait.cancel()
    bell.clear()

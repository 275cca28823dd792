"""Waiting for a bell: how every hop that is not fed by the stream sleeps."""

import asyncio
from collections.abc import Collection
from typing import Any


async def listen(*heard: asyncio.Event | Collection[asyncio.Task[None]], seconds: float) -> None:
    """Wait until one of the events is set, one of the tasks is done, or `seconds` have passed.

    It clears nothing: who answers a bell clears it before looking whether there is work, so that a ring that
    comes in between is heard the next time.
    """
    mine: list[asyncio.Future[Any]] = []
    theirs: list[asyncio.Future[Any]] = []
    for each in heard:
        if isinstance(each, asyncio.Event):
            mine.append(asyncio.ensure_future(each.wait()))
        else:
            theirs += each
    try:
        await asyncio.wait([*mine, *theirs], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in mine:
            wait.cancel()

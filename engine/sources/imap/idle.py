"""Wait for a server's word without a thread: the loop owns the socket of an idling session (RFC 2177)."""

import asyncio
from collections.abc import Callable

from engine.sources.imap.session import Session


async def await_news(
    session: Session, *, first: float, silence: float, most: float, note: Callable[[], None]
) -> None:
    """Return when the server has news, or has been silent for too long, or after `most` seconds.

    The first word may take `first` seconds, each later one `silence`: keep-alives prove that the server lives.
    `note` is called whenever it says anything.
    """
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    quiet_until, end = loop.time() + first, loop.time() + most

    def hear() -> None:
        nonlocal quiet_until
        note()
        quiet_until = loop.time() + silence
        if session.overhear():
            loop.remove_reader(session.fileno())
            if not over.done():
                over.set_result(None)

    loop.add_reader(session.fileno(), hear)
    try:
        while not over.done() and (left := min(quiet_until, end) - loop.time()) > 0:
            await asyncio.wait([over], timeout=left)
    finally:
        loop.remove_reader(session.fileno())

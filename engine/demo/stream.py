"""Live pages: what happens is told to every page that looks on (server-sent events)."""

import asyncio
import json
from typing import Any

from aiohttp import web

#: Seconds of silence after which a comment shows that the line still stands.
_BREATH = 15
#: A page that lags so far behind is hung up on; it reconnects and reads everything anew.
_MOST_WAITING = 1000


class Stream:
    """One sender, many pages."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Queue[bytes | None]] = set()

    def tell(self, noun: Any) -> None:
        """Tell every page, as JSON in one line."""
        record = b"data: " + json.dumps(noun, ensure_ascii=True).encode() + b"\n\n"
        for page in list(self._pages):
            if page.qsize() >= _MOST_WAITING:
                self._hang_up(page)
            else:
                page.put_nowait(record)

    def close(self) -> None:
        """Hang up on every page."""
        for page in list(self._pages):
            self._hang_up(page)

    def _hang_up(self, page: asyncio.Queue[bytes | None]) -> None:
        self._pages.discard(page)
        page.put_nowait(None)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The handler: holds the line until the page goes away or `close`."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        page: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._pages.add(page)
        try:
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while True:
                try:
                    async with asyncio.timeout(_BREATH):
                        record = await page.get()
                except TimeoutError:
                    record = b": still here\n\n"
                if record is None:
                    break
                await response.write(record)
        except ConnectionError:
            pass  # The page was closed: aiohttp tells it by this error, not by cancelling.
        finally:
            self._pages.discard(page)
        return response

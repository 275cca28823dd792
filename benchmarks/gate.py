"""A gate between the engine and a provider's real other side, which knows nothing of it."""

import asyncio
from enum import StrEnum


class Way(StrEnum):
    """What the gate does from the moment on at which a message is handed over."""

    PASS = "pass"
    HOLD = "hold"
    """The message goes through, and nothing of what is said about it comes back."""
    DROP_AFTER = "drop_after"
    """The message goes through; instead of the answer the line is cut."""
    DROP_BEFORE = "drop_before"
    """The line is cut, and the message with it."""


class Gate:
    """Passes bytes. `mark`: the bytes with which a message is handed over in the provider's protocol."""

    def __init__(self, port: int, mark: bytes) -> None:
        self.way = Way.PASS
        self.port = 0
        self._far = port
        self._mark = mark
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a port of one's own."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut every line."""
        self._server.close()
        for each in self._talks:
            each.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        handed_over = asyncio.Event()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far)
        ways = (
            asyncio.create_task(self._out(reader, far_writer, handed_over)),
            asyncio.create_task(self._back(far_reader, writer, handed_over)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # we stop
        finally:
            for each in ways:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()
            writer.close()
            self._talks.discard(task)

    async def _out(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handed_over: asyncio.Event
    ) -> None:
        last = b""
        while data := await reader.read(65536):
            if self.way is not Way.PASS and self._mark in last + data:
                if self.way is Way.DROP_BEFORE:
                    return
                handed_over.set()
            last = data[-len(self._mark) :]
            writer.write(data)
            await writer.drain()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handed_over: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            if not handed_over.is_set():
                writer.write(data)
                await writer.drain()
            elif self.way is Way.DROP_AFTER:
                return

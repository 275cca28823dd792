"""A peer on loopback that says whatever it is told to, whole or in pieces, and notes who came and what they sent."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum


class Then(StrEnum):
    """What it does once it has said its words."""

    CLOSE = "close"
    HALF = "half"
    """It will say no more, and leaves the connection open."""
    HOLD = "hold"
    """It stays, and is silent."""


@dataclass
class Peer:
    """`says` goes out once a whole HTTP request has come; with `greets`, as soon as somebody connects."""

    says: bytes = b""
    then: Then = Then.CLOSE
    greets: bool = False
    drips: float = 0.0
    """Seconds between two bytes; 0: all at once."""
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    came: int = 0
    """How many connected, with TLS: got through its handshake."""
    heard: bytes = b""

    @property
    def url(self) -> str:
        """Its address, for those who speak HTTP."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Peer"]:
        """It listens while this lasts."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            self.came += 1
            try:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await self._talk(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(serve, self.host, self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.greets:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            self.heard += head + await reader.readexactly(int(length[1]) if length else 0)
        if self.drips:
            for byte in self.says:
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(self.drips)
        else:
            writer.write(self.says)
            await writer.drain()
        if self.then is Then.HALF:
            writer.write_eof()
        if self.then is not Then.CLOSE:
            while more := await reader.read(64 * 1024):
                self.heard += more
            await asyncio.Event().wait()


def http(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """An HTTP answer whose length is right."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body

"""Web servers that publish: a proper one with validators, gzip and redirects, and a socket that does anything."""

import asyncio
import contextlib
import gzip
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Self

from aiohttp import web


@dataclass
class Paper:
    """What lies at one path. `packed` overrides the gzip that is sent to those who take it."""

    body: bytes
    etag: bool = True
    modified: float | None = None
    kind: str = "text/calendar; charset=utf-8"
    packed: bytes | None = None


class Publisher:
    """An aiohttp server. `papers` by path; `redirects` by path to (status, target); `requests` as they came."""

    def __init__(self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        self.host = host
        self.port = 0
        self.papers: dict[str, Paper] = {}
        self.redirects: dict[str, tuple[int, str]] = {}
        self.statuses: dict[str, tuple[int, dict[str, str]]] = {}
        self.queue: list[tuple[int, str]] = []
        """(status, XML) for the next requests, whatever they are; empty: as the others say."""
        self.sign_in = ""
        """The Authorization header that is wanted; empty: everybody may read."""
        self.requests: list[web.BaseRequest] = []
        self.bodies: list[str] = []
        self.answered: list[int] = []
        self._tls = tls

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.text())
        answer = self._find(request)
        self.answered.append(answer.status)
        return answer

    def _find(self, request: web.BaseRequest) -> web.Response:
        if self.queue:
            status, text = self.queue.pop(0)
            return web.Response(status=status, text=text, content_type="application/xml")
        if request.path in self.redirects:
            status, target = self.redirects[request.path]
            return web.Response(status=status, headers={"Location": target})
        if self.sign_in and request.headers.get("Authorization") != self.sign_in:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if request.path in self.statuses:
            status, headers = self.statuses[request.path]
            return web.Response(status=status, headers=headers)
        paper = self.papers.get(request.path)
        if paper is None:
            return web.Response(status=404, text="not here")
        return self._show(paper, request)

    def _show(self, paper: Paper, request: web.BaseRequest) -> web.Response:
        headers = {"Content-Type": paper.kind}
        if paper.etag:
            headers["ETag"] = f'"{hashlib.blake2b(paper.body, digest_size=8).hexdigest()}"'
        if paper.modified is not None:
            headers["Last-Modified"] = formatdate(paper.modified, usegmt=True)
        asked = request.headers
        same_tag = paper.etag and asked.get("If-None-Match") == headers["ETag"]
        same_time = paper.modified is not None and asked.get("If-Modified-Since") == headers["Last-Modified"]
        if same_tag or ("If-None-Match" not in asked and same_time):
            return web.Response(status=304, headers=headers)
        if paper.packed is not None or "gzip" in asked.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=paper.packed or gzip.compress(paper.body), headers=headers)
        return web.Response(body=paper.body, headers=headers)


Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A socket that counts who connects, and plays its script to each."""

    def __init__(
        self, play: Play | None = None, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = 0
        self.accepted = 0
        self.heard = b""
        self._play = play
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        try:
            self.heard += await reader.readuntil(b"\r\n\r\n")
            if self._play is not None:
                await self._play(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()


def say(*pieces: bytes, pause: float = 0.0) -> Play:
    """A script that says this and hangs up."""

    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return play


async def stay_silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A script that never answers."""
    await asyncio.Event().wait()

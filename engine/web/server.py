"""The engine's small web server: callbacks of providers, probes and metrics. Loopback by default."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.channels.provider import Hear, Provider
from engine.errors import TocsinError
from engine.topics import Topic
from engine.web import media, unsubscribe
from engine.web.callbacks import MOST_CALLBACK_BYTES, take_callbacks
from engine.web.inbound import take_inbound
from engine.web.probes import Pulse, Watched, add_probes

Publish = Callable[[Topic, Sequence[Any]], Awaitable[None]]

#: Seconds that requests under way get to end before the server hangs up on them.
_GRACE = 2.0


class Listener:
    """An aiohttp application on one host and port."""

    def __init__(self, app: web.Application, host: str, port: int, *, remedy: str) -> None:
        """`remedy` is what to do when the port is taken. Port 0 takes a free one."""
        self._app = app
        self._host = host
        self._port = port
        self._remedy = remedy
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises TocsinError that names host:port when that cannot be."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=_GRACE)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            taken = error.errno == errno.EADDRINUSE
            said = "another program already listens on this port" if taken else "cannot listen here"
            raise TocsinError(said, place=f"{self._host}:{self._port}", remedy=self._remedy) from None
        self._runner = runner
        self._port = runner.addresses[0][1]

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return self._port

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def stop(self) -> None:
        """Let go of the port; requests under way may end."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()


class Web:
    """What the engine itself serves."""

    def __init__(
        self,
        host: str,
        port: int,
        providers: Mapping[str, Provider],
        publish: Publish,
        health: Watched,
        hear: Hear | None = None,
        files: Handler | None = None,
        stop: Handler | None = None,
    ) -> None:
        """`publish` and `hear` return when what they got is durable on the stream, and raise when it is not.

        `files` serves what links to files lead to, `stop` whoever wants no more mail.
        """
        app = web.Application(client_max_size=MOST_CALLBACK_BYTES)
        app.add_routes(_from_providers("/callbacks/{provider}", take_callbacks(providers, publish)))
        if hear is not None:
            app.add_routes(_from_providers("/inbound/{provider}", take_inbound(providers, hear)))
        if files is not None:
            app.add_routes([web.get(media.ROUTE, files)])
        if stop is not None:
            app.add_routes([web.get(unsubscribe.ROUTE, stop), web.post(unsubscribe.ROUTE, stop)])
        self._pulse = Pulse()
        self._beating: asyncio.Task[None] | None = None
        add_probes(app, self._pulse, health)
        self._listener = Listener(
            app,
            host,
            port,
            remedy=f"stop the other program, or choose another port in engine.yaml: web: {{port: {port + 1}}}",
        )

    @property
    def url(self) -> str:
        """Where it is, once started."""
        return self._listener.url

    async def start(self) -> None:
        """Listen. Raises TocsinError when the port is taken."""
        await self._listener.start()
        self._beating = asyncio.create_task(self._pulse.beat(), name="pulse")

    async def stop(self) -> None:
        """Let go of the port."""
        await self._listener.stop()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)


def _from_providers(path: str, take: Handler) -> list[web.RouteDef]:
    """POST or GET, as each provider likes; HEAD brings nothing."""
    return [web.post(path, take), web.get(path, take, allow_head=False)]

"""Keeps one bound link standing, and sends requests through it: windowed, in time, never twice."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.channels.providers.smpp.link import Link
from engine.channels.providers.smpp.pdu import Command, Pdu
from engine.channels.providers.smpp.window import Window
from engine.net import CONNECT_TIMEOUT, NoReplyError, NotSentError, doubt

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
#: A link that stood so long was a good one: the next pause is short again.
_GOOD = 5.0


class BindRefusedError(Exception):
    """The SMS centre does not let us in; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMS centre refuses to bind: SMPP status 0x{status:04X}")
        self.status = status


@dataclass(frozen=True)
class Door:
    """Where the SMS centre is and how to get in. Times are in seconds."""

    host: str
    port: int
    bind: bytes
    """The body of the bind."""
    window: int = 10
    enquire: float = 30.0
    timeout: float = 10.0
    """How long the SMS centre may take to let us in, or to show that it is there."""
    tls: bool = False
    ca_file: Path | None = None


class Session:
    """A link that is made again whenever it ends, until `close`."""

    def __init__(
        self, name: str, door: Door, hear: Callable[[Link, Pdu], None], jitter: Callable[[float], float]
    ) -> None:
        """`hear` is given each deliver_sm; `jitter` a random share of so many seconds."""
        self.window = Window(door.window)
        self._name = name
        self._door = door
        self._hear = hear
        self._jitter = jitter
        self._doubt = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._bound: asyncio.Future[Link] | None = None

    def start(self, *, listen: bool) -> None:
        """Begin, once. Without `listen` the SMS centre is told to bring us nothing."""
        if self._task is None:
            self._bound = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._keep(listen), name=f"smpp {self._name}")

    async def request(
        self, command: Command, body: bytes, deadline: float, heard: Callable[[Pdu], None] | None = None
    ) -> Pdu:
        """Send a request within the window and wait for its answer until `deadline` (the event loop's clock).

        Raises BindRefusedError or NotSentError when nothing left, NoReplyError when it left and was not answered.
        `heard` is called with the answer, also when it comes after `deadline`.
        """
        sent = inside = False

        def start() -> asyncio.Future[Pdu]:
            nonlocal sent, inside
            answered = link.request(command, body, answer)
            sent = inside = True
            return answered

        def answer(pdu: Pdu) -> None:
            if heard is not None:
                heard(pdu)
            leave()

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self.window.leave()

        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    link = await self._link()
                    try:
                        answered = await self.window.enter(start)
                    except ConnectionError:
                        link.abort("the connection broke")
                    else:
                        return await answered
        except TimeoutError:
            if not sent:
                raise NotSentError("neither a link nor room in its window in time") from None
            self.window.narrow()
            self._doubt.set()
            raise NoReplyError("timed out") from None
        finally:
            leave()

    async def close(self) -> None:
        """Say goodbye and hang up."""
        if self._task is None:
            return
        task, self._task = self._task, None
        link = self._standing()
        if link is not None:
            with contextlib.suppress(ConnectionError, NoReplyError, TimeoutError):
                async with asyncio.timeout(1):
                    await link.request(Command.UNBIND, b"")
            link.abort("we closed it")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.window.close()
        if self._bound is not None and not self._bound.done():
            self._bound.cancel()

    def _standing(self) -> Link | None:
        bound = self._bound
        if bound is None or not bound.done() or bound.cancelled() or bound.exception() is not None:
            return None
        return None if bound.result().ended.done() else bound.result()

    async def _link(self) -> Link:
        """The link that stands, or the next one when it is being made. Raises what kept it from standing."""
        while True:
            bound = self._bound
            if bound is not None and not bound.done():
                await asyncio.wait([bound])
            if bound is None or bound.cancelled():
                raise NotSentError("the provider is closed")
            link = bound.result()
            if not link.ended.done():
                return link
            await asyncio.sleep(0)  # its keeper is about to make a new one

    async def _keep(self, listen: bool) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            bound = self._bound
            assert bound is not None
            began = loop.time()
            try:
                link = await self._bind(listen)
            except (BindRefusedError, NotSentError) as error:
                failures += 1
                # Once is news; that it goes on is none.
                log.log(logging.WARNING if failures == 1 else logging.DEBUG, "provider %s: %s", self._name, error)
                bound.set_exception(error)
                bound.exception()  # whoever sends hears of it; when nobody does, that is no defect
                await self._pause(failures)
                self._bound = loop.create_future()
                continue
            bound.set_result(link)
            try:
                why = await self._watch(link)
            finally:
                link.abort("we closed it")
            failures = 1 if loop.time() - began > _GOOD else failures + 1
            log.warning("provider %s: the link ended, %s", self._name, why)
            self._bound = loop.create_future()
            await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        await asyncio.sleep(self._jitter(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 16))))

    async def _bind(self, listen: bool) -> Link:
        """A new link. Raises NotSentError when there is none, BindRefusedError when we are not let in."""
        loop = asyncio.get_running_loop()
        door = self._door
        link: Link | None = None
        patience = min(CONNECT_TIMEOUT.total_seconds(), door.timeout)
        try:
            async with asyncio.timeout(patience):
                how: dict[str, Any] = {}
                if door.tls:
                    how["ssl"] = await asyncio.to_thread(ssl.create_default_context, cafile=door.ca_file)
                _, link = await loop.create_connection(lambda: Link(self._hear), door.host, door.port, **how)
                command = Command.BIND_TRANSCEIVER if listen else Command.BIND_TRANSMITTER
                answer = await link.request(command, door.bind)
        except (OSError, NoReplyError) as error:  # TimeoutError and ssl.SSLError are OSErrors
            raise NotSentError(_describe(error)) from None
        else:
            if answer.status != 0:
                raise BindRefusedError(answer.status)
            bound, link = link, None
            return bound
        finally:
            if link is not None:
                link.abort("it was not bound")

    async def _watch(self, link: Link) -> str:
        """Why `link` ended. One that says nothing is asked, as is one that left a request without an answer, and
        ended when it says nothing still."""
        while not link.ended.done():
            if not self._doubt.is_set() and (quiet := self._door.enquire - link.silence) > 0:
                await _either(link.ended, self._doubt, quiet)
                continue
            self._doubt.clear()
            try:
                answered = link.request(Command.ENQUIRE_LINK, b"")
            except ConnectionError:
                break
            await asyncio.wait([answered], timeout=self._door.timeout)
            if not answered.done():
                link.abort("it fell silent")
            elif answered.exception() is not None:
                break
        return link.ended.result() if link.ended.done() else "the connection broke"


async def _either(ended: asyncio.Future[str], doubt: asyncio.Event, seconds: float) -> None:
    """Wait until one of them, at most so many seconds."""
    doubting = asyncio.ensure_future(doubt.wait())
    try:
        waits: list[asyncio.Future[Any]] = [ended, doubting]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        doubting.cancel()


def _describe(error: Exception) -> str:
    """What went wrong, in words without addresses."""
    if isinstance(error, NoReplyError):
        return f"the SMS centre did not answer the bind: {error}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return doubt(error)
    if isinstance(error, ssl.SSLError):
        return "the TLS connection failed"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return "cannot connect"

"""One connection to an SMS centre: units out, answers to those who wait for them, requests to whoever hears them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from engine.channels.providers.smpp.outcomes import RINVCMDID, ROK
from engine.channels.providers.smpp.pdu import LAST_SEQUENCE, RESPONSE, Command, Pdu, PduError, Splitter, encode
from engine.net import NoReplyError

#: Answers that nobody waits for any more are still heard, but no more than these.
_MOST_LATE = 10_000


@dataclass(frozen=True)
class _Waiting:
    command: int
    answered: asyncio.Future[Pdu]
    heard: Callable[[Pdu], None] | None


class Link(asyncio.Protocol):
    """A connection from its opening to its end. It never raises into the event loop: what is not SMPP ends it."""

    def __init__(self, hear: Callable[["Link", Pdu], None]) -> None:
        """`hear` is given each deliver_sm and data_sm, and sees to it that it is answered."""
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[str] = loop.create_future()
        """Why it is over, once it is."""
        self._heard_at = loop.time()
        self._loop = loop
        self._hear = hear
        self._splitter = Splitter()
        self._waiting: dict[int, _Waiting] = {}
        self._sequence = 0
        self._unsent: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    @property
    def silence(self) -> float:
        """Seconds since the last whole unit came."""
        return self._loop.time() - self._heard_at

    def request(
        self, command: Command, body: bytes, heard: Callable[[Pdu], None] | None = None
    ) -> asyncio.Future[Pdu]:
        """Send a request; its answer comes as the future's result, or NoReplyError when none can come any more.

        `heard` is called with the answer before anything that the other side sent after it is read, and also when
        the future was given up. Nothing is sent, and ConnectionError raised, when the link is over.
        """
        if self._transport is None or self.ended.done() or self._transport.is_closing():
            raise ConnectionError("the link is over")
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        answered = self._loop.create_future()
        self._waiting[self._sequence] = _Waiting(command, answered, heard)
        if len(self._waiting) > _MOST_LATE:
            del self._waiting[next(iter(self._waiting))]
        self._write(Pdu(command, ROK, self._sequence, body))
        return answered

    def respond(self, asked: Pdu, status: int = ROK, body: bytes = b"") -> None:
        """Answer a request of the other side; nothing happens when the link is over."""
        self._write(Pdu(asked.command | RESPONSE, status, asked.sequence, body))

    def abort(self, why: str) -> None:
        """End it now, unsent bytes and all."""
        if not self.ended.done():
            self.ended.set_result(why)
        if self._transport is not None:
            self._transport.abort()

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came, cut anywhere."""
        try:
            for pdu in self._splitter.feed(data):
                self._heard_at = self._loop.time()
                self._take(pdu)
        except PduError as error:
            self.abort(f"it does not speak SMPP: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing comes any more, so nothing can be answered. A half-closed connection is closed by asyncio."""
        if not self.ended.done():
            self.ended.set_result("the connection broke" if error else "it hung up")
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            if not each.answered.done():
                each.answered.set_exception(NoReplyError(self.ended.result()))

    def _take(self, pdu: Pdu) -> None:
        if pdu.command & RESPONSE:
            self._answer(pdu)
        elif pdu.command in (Command.DELIVER_SM, Command.DATA_SM):
            self._hear(self, pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            self.respond(pdu)
        elif pdu.command == Command.UNBIND:
            self.respond(pdu)
            self._flush()
            if not self.ended.done():
                self.ended.set_result("it said goodbye")
        elif pdu.command != Command.ALERT_NOTIFICATION:  # that one has no answer
            self._write(Pdu(Command.GENERIC_NACK, RINVCMDID, pdu.sequence))

    def _answer(self, pdu: Pdu) -> None:
        waiting = self._waiting.pop(pdu.sequence, None)
        if waiting is None:
            return
        if pdu.command not in (waiting.command | RESPONSE, Command.GENERIC_NACK):
            if not waiting.answered.done():
                waiting.answered.set_exception(NoReplyError("it answered something else"))
            return
        if waiting.heard is not None:
            waiting.heard(pdu)
        if not waiting.answered.done():
            waiting.answered.set_result(pdu)

    def _write(self, pdu: Pdu) -> None:
        if not self._unsent:
            # What is written in one turn of the loop leaves in one packet, and costs one call of the system.
            self._loop.call_soon(self._flush)
        self._unsent.append(encode(pdu))

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))

"""What the SMS centre brings us, in order: kept first, then acknowledged. What cannot be kept, it keeps for us."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.channels.provider import Hear, Publish
from engine.channels.providers.smpp.link import Link
from engine.channels.providers.smpp.outcomes import ROK, RX_T_APPN
from engine.channels.providers.smpp.pdu import Pdu
from engine.heard import Heard
from engine.part import Part
from engine.receipt import DeliveryReport

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Kept together in one go.
_MOST_AT_A_TIME = 500
#: More that waits to be kept is told to come again.
MOST_WAITING = 10_000


@dataclass(frozen=True)
class Delivery:
    """A report, or a text from a phone or a part of one; neither where it reports on what is not ours.

    `asked` is the unit that brought it and the link to acknowledge it on, if one did.
    """

    asked: tuple[Link, Pdu] | None
    report: DeliveryReport | None = None
    heard: Heard | Part | None = None

    def acknowledge(self, status: int) -> None:
        """Tell the SMS centre whether it is kept."""
        if self.asked is not None:
            link, pdu = self.asked
            link.respond(pdu, status, b"\0")


class Deliveries:
    """The queue between the link and whoever keeps what it brings, and the task that empties it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self, publish: Publish, hear: Hear | None) -> None:
        """Begin to keep what comes."""
        if self._task is None:
            self._task = asyncio.create_task(self._work(publish, hear), name=f"smpp {self._name} deliveries")

    def put(self, delivery: Delivery) -> None:
        """Take one in; when nobody keeps anything, or too much waits, the SMS centre is told to bring it again."""
        if delivery.report is None and delivery.heard is None:
            delivery.acknowledge(ROK)
        elif self._task is None or self._queue.qsize() >= MOST_WAITING:
            delivery.acknowledge(RX_T_APPN)
        else:
            self._queue.put_nowait(delivery)

    async def stop(self) -> None:
        """Keep nothing more."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _work(self, publish: Publish, hear: Hear | None) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < _MOST_AT_A_TIME and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            reports = [(each, each.report) for each in batch if each.report is not None]
            if reports:
                await self._keep(publish, reports)
            for kind in (Heard, Part):  # apart: a text that is kept is not brought again because a part is not
                heard = [(each, each.heard) for each in batch if isinstance(each.heard, kind)]
                if heard and hear is not None:
                    await self._keep(hear, heard)

    async def _keep(self, keep: Callable[[list[T]], Awaitable[None]], brought: Sequence[tuple[Delivery, T]]) -> None:
        status = ROK
        try:
            await keep([noun for _, noun in brought])
        except Exception as error:
            # Whatever went wrong, they are not ours yet: the SMS centre must keep them and try again.
            log.error("what provider %s brought could not be kept: %s", self._name, type(error).__name__)
            status = RX_T_APPN
        for delivery, _ in brought:
            delivery.acknowledge(status)

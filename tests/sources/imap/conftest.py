"""A stream and a store in memory, and watchers that hurry."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.event import MailArrived
from engine.position import Position
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.office import Office
from engine.sources.imap.pace import Pace
from engine.sources.imap.watcher import State, Watcher

HURRY = Pace(connect=60, read=60, missing=0.05, gap=0.01, refused=(0.05, 0.05), secret=0.05, command=5)


@dataclass
class Ledger:
    """What was told and kept, in order; both halves can be made to fail."""

    events: list[MailArrived] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    fail_emit: list[Exception] = field(default_factory=list)
    fail_save: list[Exception] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def load(self, source: str) -> Position | None:
        return self.positions.get(source)

    async def save(self, source: str, position: Position) -> None:
        if self.fail_save:
            raise self.fail_save.pop(0)
        self.positions[source] = position
        self.order.append(f"position {position.last_uid}")
        async with self.changed:
            self.changed.notify_all()

    async def emit(self, events: Sequence[MailArrived]) -> None:
        if self.fail_emit:
            raise self.fail_emit.pop(0)
        self.events.extend(events)
        self.order.extend(f"event {event.uid}" for event in events)
        async with self.changed:
            self.changed.notify_all()

    async def told(self, count: int) -> list[MailArrived]:
        """Wait until so many events were told; answers them."""
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.events) >= count)
        return self.events

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.events]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office(pace=HURRY)
    yield office
    await office.close()


async def until(met: Callable[[], object], patience: float = 30) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(patience):
        while not met():
            await asyncio.sleep(0.01)


Watch = Callable[..., AbstractAsyncContextManager[Watcher]]


@pytest.fixture
def watch(office: Office, ledger: Ledger) -> Watch:
    """``async with watch(mailbox) as watcher``: a watcher that runs, and idles or polls already."""

    @contextlib.asynccontextmanager
    async def watching(
        mailbox: Mailbox, folder: str = "INBOX", *, settled: bool = True, ledger: Ledger = ledger, **how: Any
    ) -> AsyncIterator[Watcher]:
        watcher = Watcher(
            "anna",
            mailbox,
            folder,
            positions=ledger,
            emit=ledger.emit,
            office=how.pop("office", office),
            clock=lambda: datetime.now(UTC),
            jitter=lambda ceiling: ceiling * 0.002,
            **how,
        )
        task = asyncio.create_task(watcher.run())
        try:
            if settled:
                await until(lambda: watcher.watching.state in (State.IDLE, State.POLLING) or task.done())
            yield watcher
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return watching


Settled = Callable[[], Awaitable[None]]

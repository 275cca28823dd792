"""One partition's records through one hop, in order: retried, taken apart, buried, and only then acknowledged."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.dead_letter import DeadLetter
from engine.errors import StoreError, StreamError
from engine.reason import Reason
from engine.topics import Topic
from engine.transport.fixes import Fetched

Work = Callable[[list[Any]], Awaitable[None]]
"""A hop: takes decoded nouns, returns once its outputs are durable, and may be given the same nouns again."""

#: Records given to a hop at a time. The last batch may carry it over this.
MOST_AT_A_TIME = 500
#: A record that fails alone this many times is buried.
TRIES = 3
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
MOST_ERROR_CHARACTERS = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Binding:
    """A hop and the topic that feeds it; `name` is unique and stands in logs."""

    name: str
    topic: Topic
    work: Work


@dataclass(frozen=True)
class Parcel:
    """Records that are acknowledged together. `begin` tells whether this worker still answers for them."""

    records: Sequence[Fetched]
    acknowledge: Callable[[], object]
    begin: Callable[[], bool]


class GivenUpError(Exception):
    """The process stops while something could not be done; it stays unacknowledged and comes again."""


class Lane:
    """The queue of one partition and the task that empties it."""

    def __init__(
        self,
        binding: Binding,
        partition: int,
        *,
        bury: Callable[[DeadLetter], Awaitable[None]],
        clock: Callable[[], datetime],
        closing: asyncio.Event,
    ) -> None:
        self._binding = binding
        self._partition = partition
        self._bury_letter = bury
        self._clock = clock
        self._closing = closing
        self._queue: deque[Parcel] = deque()
        self._filled = asyncio.Event()

    def put(self, parcel: Parcel) -> None:
        """Queue `parcel`."""
        self._queue.append(parcel)
        self._filled.set()

    def close(self) -> None:
        """Let `run` end after what is in work; what only stands in the queue is not begun."""
        self._filled.set()

    async def run(self) -> bool:
        """Work until closing; answers whether what was begun is acknowledged.

        Raises what must end the process: anything but an error of the hop, of the store or of the stream.
        """
        while True:
            await self._filled.wait()
            if self._closing.is_set():
                return True
            self._filled.clear()
            while self._queue and not self._closing.is_set():
                parcels = self._take()
                try:
                    await self._carry([record for parcel in parcels for record in parcel.records])
                except GivenUpError:
                    return False
                for parcel in parcels:
                    parcel.acknowledge()

    def _take(self) -> list[Parcel]:
        parcels: list[Parcel] = []
        size = 0
        while self._queue and size < MOST_AT_A_TIME:
            parcel = self._queue.popleft()
            if parcel.begin():  # else it comes again, here or at the worker that has the partition now
                parcels.append(parcel)
                size += len(parcel.records)
        return parcels

    async def _carry(self, records: list[Fetched]) -> None:
        readable: list[tuple[Fetched, Any]] = []
        for record in records:
            try:
                readable.append((record, self._binding.topic.decode(record.value or b"")))
            except Exception as error:  # whatever the bytes did to the decoder: they are kept for a person
                await self._bury(record, Reason.UNDECODABLE, error)
        if readable and await self._fails([noun for _, noun in readable]) is not None:
            await self._isolate(readable)

    async def _isolate(self, waiting: list[tuple[Fetched, Any]]) -> None:
        """One by one: a record that failed holds back those of its own key, the others go on."""
        failures: dict[int, int] = {}
        turn = 0
        while waiting:
            again: list[tuple[Fetched, Any]] = []
            held: set[bytes | None] = set()
            for record, noun in waiting:
                if record.key in held:
                    again.append((record, noun))
                    continue
                error = await self._fails([noun])
                if error is None:
                    continue
                failures[record.offset] = failures.get(record.offset, 0) + 1
                if failures[record.offset] >= TRIES:
                    await self._bury(record, Reason.POISON, error)
                    continue
                held.add(record.key)
                again.append((record, noun))
            waiting = again
            if waiting:
                await self._pause(turn % TRIES)
                turn += 1

    async def _fails(self, nouns: list[Any]) -> Exception | None:
        """Give `nouns` to the hop; answers its error, but waits out those of the store and the stream."""
        failures = 0
        while True:
            try:
                await self._binding.work(nouns)
            except (StoreError, StreamError) as error:
                logger.warning("%s waits: %s", self._binding.name, error)
                await self._pause(failures)
                failures += 1
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Nobody cancelled us: something inside the hop was. Let through, it would end this lane unseen.
                return RuntimeError(f"the hop was cancelled from within: {error!r}")
            except Exception as error:
                return error
            else:
                return None

    async def _bury(self, record: Fetched, reason: Reason, error: Exception) -> None:
        """Durable before anything is acknowledged; the store is waited for as long as it takes."""
        what = f"{type(error).__name__}: {error}"[:MOST_ERROR_CHARACTERS]
        letter = DeadLetter(
            topic=self._binding.topic.name,
            partition=self._partition,
            offset=record.offset,
            key=record.key or b"",
            value=record.value or b"",
            reason=reason,
            error=what,
            at=self._clock(),
        )
        # Not what was said, but of what kind: an error's text may quote the mail.
        logger.error(
            "%s buries %s/%d@%d: %s", self._binding.name, letter.topic, letter.partition, letter.offset, reason
        )
        failures = 0
        while True:
            try:
                return await self._bury_letter(letter)
            except (StoreError, StreamError) as trouble:
                logger.warning("%s cannot bury: %s", self._binding.name, trouble)
                await self._pause(failures)
                failures += 1

    async def _pause(self, failures: int) -> None:
        """0.1 s, doubled with every failure up to 5 s. Raises GivenUpError when the process is about to stop."""
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 16))
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return
        raise GivenUpError

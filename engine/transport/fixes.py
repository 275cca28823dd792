"""What every driver of ours mends in Faust's Consumer: whole batches, and offsets that never run ahead.

Written against faust-streaming 0.15; `tests/transport/test_fixes.py` pins every name that is touched here.
Faust keeps the group, the assignment and the moment of a commit; what may be committed is counted here.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

from faust.transport.consumer import Consumer, ensure_TP
from faust.types import TP, ConsumerMessage, Message

from engine.transport.record import Headers

#: A partition with this much handed over and not yet acknowledged gets nothing more for the moment.
MOST_RECORDS_OUT = 1000
MOST_BYTES_OUT = 4 * 1024 * 1024
#: Seconds a rebalance waits for the batches in work before the partitions are let go.
REVOKE_WAIT = 5.0
#: Seconds a fetch may wait while a full partition waits to be let in again.
SHORT_WAIT = 0.05


class Fetched(Protocol):
    """What both drivers' records have in common."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Outgoing(NamedTuple):
    """A record to send; `timestamp` in milliseconds since 1970, the partition follows from the key."""

    topic: str
    timestamp: int
    key: bytes
    value: bytes
    headers: Headers = ()


class Batch:
    """Records of one partition, in order, handed over and acknowledged as one."""

    def __init__(self, tp: TP, records: Sequence[Fetched]) -> None:
        self.tp = tp
        self.records = records
        self.size = sum(len(record.key or b"") + len(record.value or b"") for record in records)
        self.progress: Progress | None = None
        self.begun = False
        self.done = False


class Progress:
    """How far one partition has come: what is out, and up to where everything came back."""

    def __init__(self, start: int | None) -> None:
        self.reached = start
        """The first offset not yet acknowledged; None when that is not known yet."""
        self.committed = start
        self._out: deque[Batch] = deque()
        self._records = 0
        self._bytes = 0

    def hand_over(self, batch: Batch) -> None:
        """Count `batch` as out."""
        batch.progress = self
        self._out.append(batch)
        self._records += len(batch.records)
        self._bytes += batch.size

    def take_back(self, batch: Batch) -> None:
        """Count `batch` as done; `reached` moves over it once everything before it is done too."""
        batch.done = True
        while self._out and self._out[0].done:
            first = self._out.popleft()
            self._records -= len(first.records)
            self._bytes -= first.size
            self.reached = first.records[-1].offset + 1

    @property
    def full(self) -> bool:
        """Whether so much is out that nothing more should be handed over."""
        return self._records >= MOST_RECORDS_OUT or self._bytes >= MOST_BYTES_OUT

    @property
    def idle(self) -> bool:
        """Whether nothing that is out has been begun and is not done yet."""
        return not any(batch.begun and not batch.done for batch in self._out)


class Steady(Consumer):
    """The mixin: put it before the driver's own Consumer.

    What it changes, and the trap each change closes (faust-streaming issues):
    - a fetch becomes one message per partition that holds all its records: Faust costs 160-330 us per
      message, which is now paid once per batch;
    - offsets are counted here, not in `_acked` and `_gap`: Faust's `_new_offset` is off by one and commits
      past a single record that was not acknowledged (#527, #606), so that a restart skips it;
    - everything acknowledged is committed before a revoke and at the end, also when another commit is just
      under way: Faust forgets it (#502: 500 of 500 twice);
    - what was fetched while a rebalance began is let go; Faust's own would seek back, so that the batches in
      work are not committed and come again;
    - a commit that failed is not remembered as one that succeeded;
    - `wait_empty` ends: Faust's own waits for ever (robinhood#402, #684);
    - full partitions are waited for, instead of sleeping 1 s when all of them are full.
    """

    _progress: dict[TP, Progress]
    _freed: asyncio.Event
    _leaving: set[TP]
    _on_hold: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._progress = {}
        self._freed = asyncio.Event()
        self._leaving = set()

    # handing over

    async def _wait_next_records(self, timeout: float) -> tuple[Mapping[TP, list[Any]] | None, set[TP] | None]:
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))  # mode's own Event in its types, asyncio's works
        self._freed.clear()
        active = set(self._get_active_partitions())
        free = set() if self._on_hold else {tp for tp in active if not self._of(tp).full}
        if not free:
            await self._wait_freed(timeout)
            return {}, set()
        crowded = len(free) < len(active)
        found = await self._getmany(active_partitions=free, timeout=SHORT_WAIT if crowded else timeout)
        if not self.flow_active:
            return None, None
        batches = {ensure_TP(tp): [Batch(ensure_TP(tp), list(records))] for tp, records in found.items() if records}
        return ({} if self._on_hold else batches), free

    async def _wait_freed(self, timeout: float) -> None:
        try:
            await asyncio.wait_for(self._freed.wait(), timeout)
        except TimeoutError:
            return

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        batch: Batch = record
        self._of(tp).hand_over(batch)
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            batch.records[-1].offset,
            0.0,
            0,
            None,
            None,
            cast(Any, batch),  # the message's value is the batch itself; no serializer looks at it
            None,
            0,
            batch.size,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: the offsets between two messages are the records of the second one's batch."""

    def hold(self) -> None:
        """Hand over nothing more: the process is about to stop."""
        self._on_hold = True

    def begin(self, batch: Batch) -> bool:
        """Whether `batch` may be begun: not when its partition is leaving or has left, for then it comes again."""
        batch.begun = batch.tp not in self._leaving and self._holds(batch)
        return batch.begun

    def _holds(self, batch: Batch) -> bool:
        return batch.progress is not None and self._progress.get(batch.tp) is batch.progress

    def owns(self, tp: TP) -> bool:
        """Whether `tp` is this worker's."""
        return tp in self.assignment()

    def lag(self) -> dict[TP, int]:
        """Records of each assigned partition that are not acknowledged yet."""
        behind = {}
        for tp, progress in self._progress.items():
            end = self.highwater(tp)
            behind[tp] = max(0, (end or 0) - (progress.reached or 0))
        return behind

    # taking back

    def ack(self, message: Message) -> bool:
        """Count the batch in `message` as done, unless this worker has lost it since."""
        batch = cast(Batch, message.value)
        if message.acked or not self._holds(batch):
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        self._of(batch.tp).take_back(batch)
        self._n_acked += len(batch.records)
        self._freed.set()
        self._nudge()
        return True

    def _nudge(self) -> None:
        """Let a driver end its waiting in `_getmany`: a full partition may be free again."""

    def _of(self, tp: TP) -> Progress:
        return self._progress.setdefault(tp, Progress(None))

    def _new_offset(self, tp: TP) -> int | None:
        progress = self._of(tp)
        return progress.reached if progress.reached != progress.committed else None

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what has been acknowledged, of `topics` (names or partitions) or of all."""
        assigned = self.assignment()
        offsets = {}
        for tp in tuple(self._progress):
            if tp in assigned and (topics is None or tp in topics or tp.topic in topics):
                offset = self._new_offset(tp)
                if offset is not None:
                    offsets[tp] = offset
        if not offsets or not await self._commit(offsets):
            return False
        for tp, offset in offsets.items():
            if tp in self._progress:
                self._progress[tp].committed = offset
        return True

    # rebalancing and stopping

    async def perform_seek(self) -> None:
        """Go back to what is committed: all that is out comes again, and its acknowledgements count no more."""
        self._progress.clear()
        await super().perform_seek()
        self._progress.update({tp: Progress(self._read_offset[tp]) for tp in self.assignment()})
        self._leaving.clear()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Begin nothing more, let what is begun end, and commit before Faust forgets."""
        self.stop_flow()
        self._leaving |= revoked
        await self._settle(revoked, REVOKE_WAIT)
        await self.commit_and_end_transactions()
        for tp in revoked:
            self._progress.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def commit_and_end_transactions(self) -> None:
        """Commit all that is acknowledged by now (there are no transactions)."""
        while await self.maybe_wait_for_commit_to_finish():
            pass  # it began before the last acknowledgements, so it does not hold them
        await self.commit()

    async def wait_empty(self) -> None:
        """Wait, for a bounded time, until everything handed over is acknowledged; then commit."""
        await self._settle(set(self._progress), REVOKE_WAIT)
        await self.commit_and_end_transactions()

    async def _settle(self, tps: Iterable[TP], within: float) -> None:
        waited_for = [self._of(tp) for tp in tps]
        until = asyncio.get_running_loop().time() + within
        while not all(progress.idle for progress in waited_for):
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                return
            self._freed.clear()
            await self._wait_freed(left)

"""Faust's transport driver over a `Log`: one process, every partition is its own, nothing to install.

Two Transport objects exist per app (the consumer's and the producer's); both find the log on the app, so
that no table of open files is kept for the process.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast

from aiokafka.partitioner import DefaultPartitioner
from faust.assignor.client_assignment import ClientAssignment
from faust.transport import base
from faust.types import TP, RecordMetadata
from mode import Service

from engine.errors import StreamError
from engine.transport.fixes import Outgoing, Steady
from engine.transport.log import Log
from engine.transport.record import Entry, Headers, Record

#: What one fetch takes of a partition; together with MOST_BYTES_OUT it bounds the memory of a backlog.
MOST_BYTES_FETCHED = 2 * 1024 * 1024
#: Seconds between two runs of the retention.
SWEEP_EVERY = 3600.0

logger = logging.getLogger(__name__)


def log_of(transport: Any) -> Log:
    """The log that `engine.agents.app` opened for this app."""
    return cast(Log, transport.app.ground.log)


class Consumer(Steady):
    """Reads every partition of the log for the one member that the group has."""

    _assigned: frozenset[TP] = frozenset()
    _generation: int = 0

    async def on_start(self) -> None:
        """Begin to listen for appends."""
        self._log = log_of(self.transport)
        self._at: dict[TP, int] = {}
        self._woken = asyncio.Event()
        self._forget = self._log.listen(self._woken.set)
        await super().on_start()

    async def on_stop(self) -> None:
        """Commit and end listening."""
        await super().on_stop()
        self._forget()

    async def create_topic(self, topic: str, partitions: int, replication: int, **options: Any) -> None:
        """Declare `topic`."""
        await self._log.declare({topic: partitions})

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Take every partition of `topics`."""
        assigned = frozenset(TP(name, n) for name in topics for n in range(self._log.partitions(name) or 0))
        # In the background: being assigned waits for the subscription, which waits for this call.
        self.add_future(self._rebalance(assigned))

    async def _rebalance(self, assigned: frozenset[TP]) -> None:
        app: Any = self.app
        app.on_rebalance_start()
        await self.on_partitions_revoked(set(self._assigned))
        self._assigned = assigned
        self._generation += 1
        app.consumer_generation_id = self._generation
        actives: dict[str, list[int]] = {}
        for tp in sorted(assigned):
            actives.setdefault(tp.topic, []).append(tp.partition)
        # What Kafka's group leader would have answered: there is one member and it has everything.
        assignor = app.assignor
        assignor._assignment = ClientAssignment(actives=cast(Any, actives), standbys=cast(Any, {}))
        assignor._active_tps, assignor._standby_tps = set(assigned), set()
        assignor._topic_groups = dict.fromkeys(actives, 0)
        assignor.changelog_distribution = assignor.external_topic_distribution = {}
        await self.on_partitions_assigned(set(assigned), self._generation)

    def assignment(self) -> set[TP]:
        """Every partition of the subscribed topics."""
        return set(self._assigned)

    def owns(self, tp: TP) -> bool:
        """Yes: there is no other worker. (Also of a topic that no hop here reads.)"""
        return True

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Record]]:
        most = self.app.conf.broker_max_poll_records or 500
        wanted = self._assigned if active_partitions is None else active_partitions
        found = await self._fetch(wanted, most)
        if not found:
            try:
                await asyncio.wait_for(self._woken.wait(), timeout)
            except TimeoutError:
                return {}
            found = await self._fetch(wanted, most)
        if not self.flow_active:
            return {}
        for tp, records in found.items():
            self._at[tp] = records[-1].offset + 1
        return found

    async def _fetch(self, wanted: Iterable[TP], most: int) -> dict[TP, list[Record]]:
        self._woken.clear()
        found: dict[TP, list[Record]] = {}
        behind: dict[TP, int] = {}
        for tp in wanted:
            at = self._at.get(tp)
            if at is None or at >= self._log.end(tp):
                continue
            records = self._log.recall(tp, at, most, MOST_BYTES_FETCHED)
            if records:
                found[tp] = records
            else:
                behind[tp] = at
        if behind:
            ends = {tp: self._log.end(tp) for tp in behind}
            for tp, records in (await self._log.read(behind, most, MOST_BYTES_FETCHED)).items():
                if self._at.get(tp) != behind[tp]:
                    continue  # a seek came between
                if records:
                    found[tp] = records
                else:
                    self._at[tp] = ends[tp]  # nothing stands there any more; do not ask for ever
        return found

    def _nudge(self) -> None:
        self._woken.set()

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        try:
            await self._log.commit(self.app.conf.id, offsets)
        except StreamError as error:
            logger.warning("offsets were not committed, so records may come again: %s", error.message)
            return False
        return True

    async def seek_to_committed(self) -> dict[TP, int]:
        """Read on from where the group has committed."""
        self._at = await self._log.resume(self.app.conf.id, self._assigned)
        return dict(self._at)

    async def _seek(self, partition: TP, offset: int) -> None:
        self._at[partition] = offset

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Read on from these offsets."""
        self._at.update(partitions)

    async def position(self, tp: TP) -> int | None:
        """The offset that is read next."""
        return self._at.get(tp)

    def highwater(self, tp: TP) -> int:
        """The offset that the next record will get."""
        return self._log.end(tp)

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        """The offset that the next record of each will get."""
        return {tp: self._log.end(tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        """The oldest offset of each that can still be read."""
        return await self._log.resume("", partitions)

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions `topic` has."""
        return self._log.partitions(topic)

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition of `key`."""
        return partition if partition is not None else self.app.producer.key_partition(topic, key or b"").partition

    @Service.task
    async def _retain(self) -> None:
        app: Any = self.app
        while not self.should_stop:
            before: dict[str, int] = app.keep_after()
            try:
                gone = await self._log.expire(before, frozenset(tp.topic for tp in self._assigned))
                logger.debug("retention deleted %d records", gone)
            except StreamError as error:
                logger.warning("old records were not deleted: %s", error.message)
            await self.sleep(SWEEP_EVERY)


class Producer(base.Producer):
    """Appends to the log; a record goes to the partition that Kafka's default partitioner would choose."""

    async def on_start(self) -> None:
        """Find the log."""
        await super().on_start()
        self._log = log_of(self.transport)
        self._choose = DefaultPartitioner()

    async def create_topic(self, topic: str, partitions: int, replication: int, **options: Any) -> None:
        """Declare `topic`."""
        await self._log.declare({topic: partitions})

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition of `key` (murmur2, as in Kafka). Raises StreamError when `topic` is not declared."""
        count = self._log.partitions(topic)
        if count is None:
            raise StreamError(f"the topic {topic} is not declared", place=str(self._log.file))
        numbers = list(range(count))
        return TP(topic, self._choose(key, numbers, numbers))

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """All of `records` in one commit; returns when they are durable. Raises StreamError."""
        numbers: dict[tuple[str, bytes], int] = {}
        entries = []
        for topic, timestamp, key, value, headers in records:
            number = numbers.get((topic, key))
            if number is None:
                number = numbers[topic, key] = self.key_partition(topic, key).partition
            entries.append(Entry(topic, number, timestamp, key, value, headers))
        await self._log.append(entries)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Faust's own way to send one record; the answer is done when it is durable."""
        number = partition if partition is not None else self.key_partition(topic, key or b"").partition
        pairs: Headers = tuple(headers.items() if isinstance(headers, Mapping) else headers or ())
        milliseconds = int((timestamp or time.time()) * 1000)
        entry = Entry(topic, number, milliseconds, key, value, pairs)
        return asyncio.ensure_future(self._send(entry))

    async def _send(self, entry: Entry) -> RecordMetadata:
        await self._log.append([entry])
        tp = TP(entry.topic, entry.partition)
        return RecordMetadata(entry.topic, entry.partition, tp, -1, entry.timestamp / 1000, 0)

    async def send_and_wait(self, *arguments: Any, **options: Any) -> RecordMetadata:
        """Send one record and wait until it is durable."""
        return await (await self.send(*arguments, **options))

    async def flush(self) -> None:
        """Send what Faust has buffered; an append is awaited by whoever made it."""
        await self.buffer.flush()

    def supports_headers(self) -> bool:
        """Yes."""
        return True


class Transport(base.Transport):
    """The driver, registered as `sqlite` by `engine.agents.app`."""

    Consumer: ClassVar[type[Any]] = Consumer
    Producer: ClassVar[type[Any]] = Producer
    default_port = 0
    driver_version = f"sqlite={sqlite3.sqlite_version}"

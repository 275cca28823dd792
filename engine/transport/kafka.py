"""Faust's aiokafka driver with the fixes that every driver of ours shares, and a broker that may be away for a while.

Faust's own reads in a thread, so that the group hears from this worker also while the line computes.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.partitioner import DefaultPartitioner
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import WorkerThread

from engine.errors import StreamError
from engine.topics import MOST_RECORD_BYTES
from engine.transport.cluster import MOST_MESSAGE_BYTES, Cluster
from engine.transport.fixes import Outgoing, Steady

#: Seconds after which a worker that says nothing has died and its partitions are given to the others.
SESSION = 8.0
HEARTBEAT = 2.0
#: Seconds the others wait for a worker to finish what it has in work before they go on without it.
REBALANCE = 30.0
#: Seconds for one request; a publication that has not become durable by then is told as an error.
REQUEST = 10.0
#: Seconds a commit may take: it waits for ever for a broker that is away, and a rebalance or a stop waits for it.
COMMIT = 3.0
#: Seconds between two attempts to learn where to begin.
SEEK_PAUSE = 0.5
#: Milliseconds a fetch waits at the broker. A record of a partition that a fetch in the air does not ask for
#: waits for that fetch to come back, so this bounds the latency. Faust's own: 1500.
FETCH_WAIT = 50
MOST_BYTES_FETCHED = 2 * MOST_MESSAGE_BYTES

logger = logging.getLogger(__name__)


def cluster_of(transport: Any) -> Cluster:
    """The cluster that `engine.agents.app` opened for this app."""
    return cast(Cluster, transport.app.ground)


def tell_unheard(place: str, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waits for any more, told in a line. aiokafka shields what it asks of the broker: a commit that was
    given up goes on beneath it, and its error would be told by a traceback, though an outage is no defect."""
    error = context.get("exception")
    if isinstance(error, KafkaError):
        logger.warning("%s: a request that was given up has failed: %r", place, error)
    else:
        loop.default_exception_handler(context)


class Daemon(WorkerThread):
    """A thread that does not keep the process from ending."""

    def __init__(self, service: Any, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True


class Thread(driver.AIOKafkaConsumerThread):
    """Where aiokafka's consumer lives."""

    Worker = Daemon

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        conf = self.app.conf
        asyncio.get_running_loop().set_exception_handler(partial(tell_unheard, str(cluster_of(transport).servers)))
        self._assignor = RoundRobinPartitionAssignor
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            **cluster_of(transport).options,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            fetch_max_wait_ms=FETCH_WAIT,
            max_partition_fetch_bytes=MOST_BYTES_FETCHED,
            request_timeout_ms=int(REQUEST * 1000),
            session_timeout_ms=int(SESSION * 1000),
            heartbeat_interval_ms=int(HEARTBEAT * 1000),
            rebalance_timeout_ms=int(REBALANCE * 1000),
        )

    async def _fetch_records(self, consumer: Any, active_partitions: Any, *arguments: Any, **options: Any) -> Any:
        """A fetch that began before a rebalance may come back with records of the partitions given after it, while
        the flow still stands. Nobody takes those: the consumer goes back, or they would be skipped for ever."""
        found = await super()._fetch_records(consumer, active_partitions, *arguments, **options)
        if self.consumer.flow_active:
            return found
        for tp, records in found.items():
            if records and tp in consumer.assignment():
                consumer.seek(tp, records[0].offset)
        return {}

    async def _commit(self, offsets: Any) -> bool:
        """Faust's own ends the process when a commit fails; what is not committed only comes again."""
        consumer = self._ensure_consumer()
        mine = consumer.assignment()
        wanted = {driver.ensure_aiokafka_TP(tp): offset for tp, offset in offsets.items() if tp in mine}
        try:
            await asyncio.wait_for(consumer.commit(wanted), COMMIT)
        except (CommitFailedError, IllegalStateError):
            return False  # the group has given these partitions away: whoever has them now begins where we were
        except (KafkaError, TimeoutError) as error:
            place = cluster_of(self.transport).servers
            logger.warning("%s: offsets were not committed, so records may come again: %r", place, error)
            return False
        return True

    async def on_thread_stop(self) -> None:
        """Leave the group and close. aiokafka's own stop is cancelled from within while a broker is away, and then
        the thread would die before its service has stopped, for which the app would wait for ever."""
        consumer, self._consumer = self._consumer, None
        await super().on_thread_stop()
        if consumer is None:
            return
        leaving = asyncio.ensure_future(consumer.stop())
        await asyncio.wait([leaving], timeout=REQUEST)
        if not leaving.done() or leaving.cancelled() or leaving.exception() is not None:
            leaving.cancel()
            await consumer._client.close()

    def on_crash(self, msg: str, *fmt: Any, **options: Any) -> None:
        """Told by a line in the log, where Faust's own prints a traceback; the app hears of it as well."""
        logger.error(msg.format(*fmt))


class Consumer(Steady, driver.Consumer):
    """Reads the partitions that the group has given to this worker."""

    _ends: dict[TP, int]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._ends = {}

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    async def create_topic(self, topic: str, partitions: int, replication: int, **options: Any) -> None:
        """Nothing: the cluster has declared our topics before Faust began."""

    def assignment(self) -> set[TP]:
        """The partitions of this worker: none before it has joined and once it has left."""
        try:
            return super().assignment()
        except ConsumerNotStarted:
            return set()

    async def perform_seek(self) -> None:
        """Go back to what is committed, and learn how much stands behind it. A broker that goes away meanwhile is
        waited for: an error here would end the process."""
        while not self.should_stop:
            try:
                await super().perform_seek()
                ends = await self.highwaters(*self.assignment())
            except (KafkaError, OSError, TimeoutError) as error:
                logger.warning(
                    "%s: waiting to learn what is committed: %r", cluster_of(self.transport).servers, error
                )
                await self.sleep(SEEK_PAUSE)
            else:
                self._ends.update({TP(*tp): end for tp, end in ends.items()})
                return

    def highwater(self, tp: TP) -> int:
        """The offset that the next record will get, as far as this worker has heard."""
        heard = super().highwater(tp) if tp in self.assignment() else None
        produced = cast(Producer, self.app.producer).ends.get(tp, 0)
        return max(heard or 0, self._ends.get(tp, 0), produced)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: a partition that waits for the store is no defect, and `lag` tells how far behind it is."""


class Producer(driver.Producer):
    """Writes records where Kafka's default partitioner puts them; durable is what `acks=all` says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ends: dict[TP, int] = {}
        """Of each partition written to, the offset after what was written."""
        self._choose = DefaultPartitioner()
        self._cluster = cluster_of(self.transport)

    def _settings_default(self) -> dict[str, Any]:
        # Not idempotent in Kafka's sense: after an outage aiokafka's sequence numbers have a gap which the broker
        # refuses for ever. A partition has one request in the air at a time, so order is kept; ids are derived,
        # so a record that is written twice is one.
        return {
            **super()._settings_default(),
            "acks": "all",
            "linger_ms": 0,
            "max_batch_size": MOST_RECORD_BYTES,
            "max_request_size": MOST_MESSAGE_BYTES,
            "request_timeout_ms": int(REQUEST * 1000),
        }

    def _settings_auth(self) -> dict[str, Any]:
        """Where the servers are and how they let us in; Faust's own would say "in the clear"."""
        return self._cluster.options

    async def create_topic(self, topic: str, partitions: int, replication: int, **options: Any) -> None:
        """Nothing: the cluster has declared our topics before Faust began."""

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition of `key` (murmur2). Raises StreamError when `topic` is not declared."""
        count = self._cluster.partitions(topic)
        if count is None:
            raise StreamError(f"the topic {topic} is not declared", place=str(self._cluster.servers))
        numbers = list(range(count))
        return TP(topic, self._choose(key, numbers, numbers))

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write all of `records`; returns when they are durable on every copy that must have them.

        Raises StreamError when the broker is away for REQUEST seconds; some of them may be on the stream then.
        """
        by_place: dict[TP, list[Outgoing]] = {}
        places: dict[tuple[str, bytes], TP] = {}
        for record in records:
            place = places.get((record.topic, record.key))
            if place is None:
                place = places[record.topic, record.key] = self.key_partition(record.topic, record.key)
            by_place.setdefault(place, []).append(record)
        done = await asyncio.gather(
            *(self._write(tp, those) for tp, those in by_place.items()), return_exceptions=True
        )
        for error in done:
            if isinstance(error, KafkaError | OSError | TimeoutError):
                raise StreamError(
                    f"the stream could not be written: {type(error).__name__} {error}".rstrip(),
                    place=str(self._cluster.servers),
                    remedy="start the broker; Tocsin goes on by itself",
                ) from error
            if error is not None:
                raise error

    async def _write(self, tp: TP, records: Iterable[Outgoing]) -> None:
        producer = self._ensure_producer()
        waiting: list[tuple[asyncio.Future[Any], int]] = []
        batch, count = producer.create_batch(), 0
        for record in records:
            row = {"timestamp": record.timestamp, "key": record.key, "value": record.value}
            if batch.append(**row, headers=list(record.headers)) is None:
                waiting.append((await self._send(producer, batch, tp), count))
                batch, count = producer.create_batch(), 0
                batch.append(**row, headers=list(record.headers))
            count += 1
        waiting.append((await self._send(producer, batch, tp), count))
        for future, size in waiting:
            written = await future
            self.ends[tp] = max(self.ends.get(tp, 0), written.offset + size)

    async def _send(self, producer: Any, batch: Any, tp: TP) -> "asyncio.Future[Any]":
        batch.close()
        future: asyncio.Future[Any] = await producer.send_batch(batch, tp.topic, partition=tp.partition)
        return future


class Transport(driver.Transport):
    """The driver, registered as `kafka` by `engine.agents.app`."""

    Consumer: ClassVar[type[Any]] = Consumer
    Producer: ClassVar[type[Any]] = Producer

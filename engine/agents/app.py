"""The door to Faust: plain functions are bound to topics here, and nothing past it knows that Faust exists.

Faust keeps membership, assignment and the moment of each commit. A hop gets whole batches and never sees a
Faust object; Faust's own way (an agent that iterates) loses the record in work on every exception and on
every SIGTERM, so the agent bound here only passes batches on, and acknowledging is the lane's (`lane.py`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

import faust
from faust.tables.manager import TableManager
from faust.transport.drivers import TRANSPORTS

from engine.agents.lane import Binding, Lane, Parcel, Work
from engine.dead_letter import DeadLetter
from engine.errors import StreamError
from engine.topics import EVENTS, GROUP, MOST_RECORD_BYTES, PARTITIONS, TOPICS, VERSION, VERSION_HEADER, Topic
from engine.transport.address import File, read_url
from engine.transport.fixes import Batch, Outgoing, Steady
from engine.transport.ground import Ground, ground_of
from engine.transport.quiet import quiet

__all__ = ["Binding", "Stream", "Work"]

DRIVERS = {"sqlite": "engine.transport.sqlite:Transport", "kafka": "engine.transport.kafka:Transport"}
#: Seconds a rebalance waits for a broker that went away in its middle; Faust goes on without an offset after that.
LONGEST_OUTAGE = 7 * 86_400.0
#: Seconds a worker may need until the group has given it its partitions.
LONGEST_JOIN = 60.0
#: Seconds that a hop which ignores its cancellation, and Faust, get at the end.
LONGEST_STOP = 5.0
HEADERS = ((VERSION_HEADER, VERSION),)

logger = logging.getLogger(__name__)


class Stream:
    """The topics of one engine, and the hops bound to them, in the running event loop."""

    def __init__(
        self,
        url: str,
        bindings: Sequence[Binding],
        *,
        bury: Callable[[DeadLetter], Awaitable[None]],
        fatal: Callable[[BaseException], None],
        clock: Callable[[], datetime],
        rebalanced: Callable[[], None] = lambda: None,
        commit_interval: float = 1.0,
    ) -> None:
        """`url` is as in engine.yaml; see `engine.transport.address`.

        `bury` keeps a dead letter durably and may raise StoreError; `fatal` is told at most once what must
        end the process; `rebalanced` is called whenever this worker's partitions may have changed;
        `commit_interval` in seconds bounds what comes again after a kill -9.
        Raises StreamError when `url` cannot be one of ours.
        """
        self._address = read_url(url)
        self._ground = ground_of(self._address)
        self._bindings = tuple(bindings)
        self._bury = bury
        self._fatal = fatal
        self._clock = clock
        self._rebalanced = rebalanced
        self._commit_interval = commit_interval
        self._app: Carrier | None = None
        self._closing = asyncio.Event()
        self._lanes: dict[tuple[str, int], tuple[Lane, asyncio.Task[bool]]] = {}
        self._stopping: asyncio.Future[None] | None = None
        self._dead = False

    async def start(self) -> None:
        """Join the group; returns when the partitions are assigned.

        Raises StreamError, and leaves nothing behind, when the stream cannot be opened or another process
        holds it.
        """
        quiet()
        try:
            await self._ground.open()
            await self._ground.declare(self._topics())
            self._app = self._build()
            async with asyncio.timeout(LONGEST_JOIN):
                await self._app.start()
                await self._app.wait_ready()
        except BaseException as error:
            await self.stop()
            if isinstance(error, StreamError) or not isinstance(error, Exception):
                raise
            why = str(error) or f"no partitions were assigned within {LONGEST_JOIN:.0f} s"
            raise StreamError(f"the stream did not start: {why}", place=str(self._address)) from error

    def _topics(self) -> set[Topic]:
        return {*TOPICS, *(binding.topic for binding in self._bindings)}

    def _build(self) -> "Carrier":
        TRANSPORTS.aliases.update(DRIVERS)
        app = Carrier(
            self._address.prefix + GROUP,
            broker="sqlite://" if isinstance(self._address, File) else "kafka://",  # the ground knows where
            store="memory://",
            autodiscover=False,
            web_enabled=False,
            topic_partitions=PARTITIONS,
            topic_disable_leader=True,
            stream_wait_empty=False,  # Faust's own waits for ever; draining is ours
            broker_max_poll_records=500,
            broker_request_timeout=LONGEST_OUTAGE,
            broker_commit_interval=self._commit_interval,
            producer_linger=0,
            processing_guarantee="at_least_once",
            TableManager=NoTables,
        )
        app.ground = self._ground
        app.on_crash = self._end
        app.on_shared_out = self._rebalanced
        app.keep_after = self._keep_after
        for binding in self._bindings:
            app.agent(app.channel_of(self._name(binding.topic), binding.topic), name=binding.name)(
                self._pass_on(binding)
            )
        return app

    def _name(self, topic: Topic) -> str:
        """What `topic` is called where it lies."""
        return self._address.prefix + topic.name

    def _keep_after(self) -> dict[str, int]:
        now = self._clock()
        return {self._name(topic): milliseconds(now - topic.retention) for topic in self._topics()}

    def _pass_on(self, binding: Binding) -> Callable[[Any], Awaitable[None]]:
        async def pass_on(stream: Any) -> None:
            # noack: Faust acknowledges in a `finally`, so also what failed or was cancelled (#189, #527).
            async for event in stream.noack().events():
                self._queue(binding, event)

        return pass_on

    def _queue(self, binding: Binding, event: Any) -> None:
        if self._closing.is_set():
            return
        batch: Batch = event.value
        place = binding.name, batch.tp.partition
        if place not in self._lanes:
            lane = Lane(binding, place[1], bury=self._bury, clock=self._clock, closing=self._closing)
            task = asyncio.create_task(lane.run(), name=f"{binding.name}/{place[1]}")
            task.add_done_callback(self._watch)
            self._lanes[place] = lane, task
        consumer = self._consumer()
        self._lanes[place][0].put(Parcel(batch.records, event.ack, lambda: consumer.begin(batch)))

    def _watch(self, task: asyncio.Task[bool]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _end(self, error: BaseException) -> None:
        """Fail-stop: nothing more is begun, and the wiring hears of it once."""
        if self._dead or self._stopping is not None:
            return
        self._dead = True
        self._close()
        self._fatal(error)

    def _close(self) -> None:
        self._closing.set()
        if self._app is not None and self._app.started:
            self._consumer().hold()
        for lane, _ in self._lanes.values():
            lane.close()

    def _consumer(self) -> Steady:
        assert self._app is not None
        return cast(Steady, self._app.consumer)

    async def publish(self, topic: Topic, nouns: Sequence[Any]) -> None:
        """Append `nouns` to `topic`; returns once all of them are durable.

        Raises StreamError when a record is over MOST_RECORD_BYTES or the stream is not open, and then none of
        them is on the stream; also when the stream cannot be written, and then some may be on a Kafka.
        """
        at = milliseconds(self._clock())
        records = []
        for noun in nouns:
            key, value = topic.encode(noun)
            if len(key) + len(value) > MOST_RECORD_BYTES:
                raise StreamError(
                    f"a record of {len(value)} bytes for {topic.name} is over the limit of {MOST_RECORD_BYTES}",
                    place=str(self._address),
                )
            records.append(Outgoing(self._name(topic), at, key, value, HEADERS))
        if self._app is None:
            raise StreamError("the stream is not open", place=str(self._address))
        if not records:
            return
        await self._ground.declare([topic])
        await cast(Any, self._app.producer).publish(records)

    def owns(self, key: str) -> bool:
        """Whether this worker has the partition of EVENTS that `key` falls into; false before `start`."""
        if self._app is None or not self._app.started or self._stopping is not None:
            return False
        return self._consumer().owns(self._app.producer.key_partition(self._name(EVENTS), key.encode()))

    async def drain(self, within: float) -> bool:
        """Begin nothing more and wait, `within` seconds, for what is in work; answers whether all of it is done.

        `publish` still works. There is no way back: `stop` comes next.
        """
        self._close()
        tasks = [task for _, task in self._lanes.values()]
        if not tasks:
            return True
        done, waiting = await asyncio.wait(tasks, timeout=within)
        return not waiting and all(not task.cancelled() and not task.exception() and task.result() for task in done)

    async def stop(self) -> None:
        """Cancel what is in work, commit what is acknowledged, give the lock back. Safe to call again.

        What was in work comes again at the next start: call `drain` first to let it end.
        """
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        self._close()
        tasks = [task for _, task in self._lanes.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=LONGEST_STOP)
            for task in stubborn:
                logger.error("%s ignores its cancellation and is left behind", task.get_name())
        app, self._app = self._app, None
        if app is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(app.stop(), LONGEST_STOP)
        await self._ground.close()

    def assigned(self) -> bool:
        """Whether this worker has its partitions and works on them: false before `start`, while the group divides
        them anew, and once it is told to end."""
        app = self._app
        return app is not None and app.started and not app.rebalancing and not self._closing.is_set()

    def lag(self) -> dict[str, int]:
        """Per bound topic, the records that are not acknowledged yet (on the partitions of this worker)."""
        if self._app is None or not self._app.started:
            return {}
        behind: dict[str, int] = {binding.topic.name: 0 for binding in self._bindings}
        for tp, records in self._consumer().lag().items():
            name = tp.topic.removeprefix(self._address.prefix)
            behind[name] = behind.get(name, 0) + records
        return behind


class Whole(faust.Schema[Any, Any]):
    """Hands a batch through as it is: decoding is the lane's, where an unreadable record can be buried."""

    def loads_key(self, app: Any, message: Any, **options: Any) -> Any:
        """The key as it is."""
        return message.key

    def loads_value(self, app: Any, message: Any, **options: Any) -> Any:
        """The batch as it is."""
        return message.value


class NoTables(TableManager):
    """Tables without any: the authority is SQL (a Faust table counts twice what is delivered twice)."""

    async def on_start(self) -> None:
        """At once: Faust sleeps a second here to let tables be declared."""
        await self._update_channels()
        await self.recovery.start()


class Carrier(faust.App):
    """A Faust app that starts in the running loop, writes no folder, and says when it is ready or broken."""

    ground: Ground | None = None
    on_shared_out: Callable[[], None] | None = None
    on_crash: Callable[[BaseException], None] | None = None
    keep_after: Callable[[], dict[str, int]]
    _ready: asyncio.Event

    def __post_init__(self) -> None:
        super().__post_init__()
        self._ready = asyncio.Event()

    async def on_first_start(self) -> None:
        """Nothing: Faust would make a `tocsin-data` folder where the process stands."""

    def channel_of(self, name: str, topic: Topic) -> Any:
        """The Faust topic that carries `topic`, which is called `name` there, as whole batches."""
        return self.topic(
            name,
            schema=Whole(key_serializer="raw", value_serializer="raw"),
            partitions=topic.partitions,
            retention=topic.retention,
            deleting=True,
            internal=True,  # declared by us, with our count: the broker's default must never rule
        )

    def on_rebalance_end(self) -> None:
        """Partitions are assigned and records flow."""
        super().on_rebalance_end()
        self._ready.set()
        if self.on_shared_out is not None:
            self.on_shared_out()

    async def wait_ready(self) -> None:
        """Until partitions are assigned. Raises StreamError when Faust breaks before."""
        await self._ready.wait()
        if self.crash_reason is not None:
            raise StreamError(f"the stream did not start: {self.crash_reason}") from self.crash_reason

    def _crash(self, reason: BaseException) -> None:
        super()._crash(reason)
        self._ready.set()
        if self.on_crash is not None:
            self.on_crash(reason)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)

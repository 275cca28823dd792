"""A Kafka as we need it before Faust joins: does it answer, and are our topics there, cut as we cut them."""

import asyncio
import logging
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAlreadyExistsError, for_code

from engine.errors import StreamError
from engine.topics import GROUP, MOST_RECORD_BYTES, Topic
from engine.transport.address import Servers
from engine.transport.entrance import entrance
from engine.transport.knock import knock

#: Seconds a Kafka that does not answer is waited for at the start.
CONNECT_WAIT = 20.0
#: Seconds between two attempts.
CONNECT_PAUSE = 0.5
#: Milliseconds for one request about topics.
REQUEST_TIMEOUT = 10_000
#: What a record may weigh on the broker: ours, and what Kafka puts around it.
MOST_MESSAGE_BYTES = 2 * MOST_RECORD_BYTES
#: Copies of each record where there are brokers enough.
REPLICATION = 3

logger = logging.getLogger(__name__)


class Cluster:
    """The Kafka under a stream. It holds no connection of its own: each question opens one."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self._topics: dict[str, int] = {}

    @cached_property
    def options(self) -> dict[str, Any]:
        """aiokafka's arguments for whatever it opens there. Raises StreamError when a file cannot be used."""
        return {"bootstrap_servers": list(self.servers.hosts), **self._entrance}

    @cached_property
    def _entrance(self) -> dict[str, Any]:
        return entrance(self.servers)

    async def open(self) -> None:
        """Wait until a server lets us in. Raises StreamError when none does in CONNECT_WAIT seconds, and at once
        when no waiting would help."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CONNECT_WAIT
        waiting = False
        while True:
            try:
                return await self.reach()
            except StreamError as error:
                if not error.unreachable or loop.time() >= until:
                    raise
                if not waiting:
                    logger.warning("%s: %s; waiting up to %.0f s", error.place, error.message, CONNECT_WAIT)
                waiting = True
            await asyncio.sleep(CONNECT_PAUSE)

    async def reach(self) -> None:
        """Try once whether a server lets us in, and the brokers that it names too. Raises StreamError."""
        await asyncio.to_thread(lambda: self._entrance)  # it reads files
        asked, named = await knock(self.servers.hosts, self._entrance)
        if not named or asked in named:
            return
        try:
            await knock(named, self._entrance)
        except StreamError as error:
            raise StreamError(
                f"the broker here sends us to {error.place}, and there: {error.message}",
                place=asked,
                remedy=f"{error.remedy}; or correct advertised.listeners at the broker",
                unreachable=error.unreachable,
            ) from error

    async def _connect(self) -> Any:
        admin = AIOKafkaAdminClient(**self.options, request_timeout_ms=REQUEST_TIMEOUT)
        try:
            async with asyncio.timeout(CONNECT_WAIT):
                await admin.start()
        except BaseException:
            await admin.close()
            raise
        return admin

    def _silent(self) -> StreamError:
        return StreamError(
            "Kafka does not answer here",
            place=str(self.servers),
            remedy="start the broker, or correct `stream:` in engine.yaml; what was not finished comes again",
            unreachable=True,
        )

    async def declare(self, topics: Iterable[Topic]) -> None:
        """Make the topics that are missing. Raises StreamError when one has another count, or none can be made."""
        wanted = {self.servers.prefix + topic.name: topic for topic in topics}
        for name, topic in wanted.items():
            self._check(name, topic, self._topics.get(name, topic.partitions))
        unknown = {name: topic for name, topic in wanted.items() if name not in self._topics}
        if not unknown:
            return
        try:
            admin = await self._connect()
        except (KafkaError, OSError, TimeoutError) as error:
            raise self._silent() from error
        try:
            await self._create(admin, unknown)
            for name, count in (await self._settled(admin, list(unknown))).items():
                self._check(name, unknown[name], count)
                self._topics[name] = count
            await self._check_group(admin)
        except (KafkaError, OSError, TimeoutError) as error:
            raise StreamError(
                f"Kafka could not be asked about its topics: {type(error).__name__} {error}".rstrip(),
                place=str(self.servers),
                remedy="look at the broker; what was not finished comes again",
            ) from error
        finally:
            await admin.close()

    async def _check_group(self, admin: Any) -> None:
        """Faust would wait for its partitions, and not say why none come."""
        group = self.servers.prefix + GROUP
        try:
            await admin.find_coordinator(group)
        except GroupAuthorizationFailedError as error:
            raise StreamError(
                f"the group {group} may not be read by the user of the stream",
                place=str(self.servers),
                remedy="allow the user READ on that group at the broker",
            ) from error
        except KafkaError:
            return  # not there yet in a young cluster; the consumer waits for it

    async def _create(self, admin: Any, topics: dict[str, Topic]) -> None:
        known = set(await admin.list_topics())
        copies = self.servers.replication
        if copies is None and not topics.keys() <= known:
            copies = min(REPLICATION, len((await admin.describe_cluster())["brokers"]))
        new = [
            NewTopic(name, topic.partitions, copies, topic_configs=_manners(topic, copies or 1))
            for name, topic in topics.items()
            if name not in known
        ]
        if not new:
            return
        for name, code, *reason in (await admin.create_topics(new)).topic_errors:
            if code and code != TopicAlreadyExistsError.errno:  # another worker was quicker
                why = next((each for each in reason if isinstance(each, str) and each), for_code(code).__name__)
                raise StreamError(
                    f"the topic {name} cannot be made: {why}",
                    place=str(self.servers),
                    remedy=f"allow the user of the stream to make it, make it by hand with {topics[name].partitions}"
                    " partitions, or correct `?replication=` in `stream:` of engine.yaml",
                )
        logger.info("made the topics %s", ", ".join(each.name for each in new))

    async def _settled(self, admin: Any, names: list[str]) -> dict[str, int]:
        """How many partitions each topic has, once each of them has a leader."""
        async with asyncio.timeout(CONNECT_WAIT):
            while True:
                found = await admin.describe_topics(names)
                if all(each["error_code"] == 0 and _led(each) for each in found):
                    return {each["topic"]: len(each["partitions"]) for each in found}
                await asyncio.sleep(0.1)

    def _check(self, name: str, topic: Topic, count: int) -> None:
        if count != topic.partitions:
            raise StreamError(
                f"the topic {name} has {count} partitions, not {topic.partitions}; a topic's count is for life",
                place=str(self.servers),
                remedy="drain and delete that topic, or name another `?prefix=` in `stream:` of engine.yaml",
            )

    def partitions(self, topic: str) -> int | None:
        """How many partitions a topic has, by its name there; None when it is not declared."""
        return self._topics.get(topic)

    async def close(self) -> None:
        """Nothing: no connection is held."""


def _led(topic: Any) -> bool:
    return bool(topic["partitions"]) and all(each["leader"] >= 0 for each in topic["partitions"])


def _manners(topic: Topic, copies: int) -> dict[str, str]:
    """One broker may be lost without a record being lost, and without the line standing still."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(int(topic.retention.total_seconds() * 1000)),
        "max.message.bytes": str(MOST_MESSAGE_BYTES),
        "min.insync.replicas": str(max(1, copies - 1)),
    }

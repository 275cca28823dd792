"""A Kafka that is away, comes back, or is not as it should be: told in a sentence, and nothing is lost."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from engine.errors import StreamError
from engine.reason import Reason
from engine.topics import TOPICS
from tests.contracts.transport import LONG, NOTES, Note, Run, notes, others, until
from tests.servers.kafka import KafkaServer
from tests.servers.pymap_server import free_port

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def fragile() -> Iterator[KafkaServer]:
    """A broker to be killed."""
    with KafkaServer.up() as server:
        yield server


async def test_a_broker_that_is_not_there_at_the_start_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.transport.cluster.CONNECT_WAIT", 1.0)
    port = free_port()
    run = Run(f"kafka://127.0.0.1:{port}")
    with pytest.raises(StreamError) as told:
        await run.stream.start()
    assert told.value.place == f"127.0.0.1:{port}"
    assert told.value.message == "Kafka does not answer here"
    assert "start the broker" in told.value.remedy
    assert not others()
    assert not run.fatal


async def test_a_broker_that_comes_up_late_is_waited_for(fragile: KafkaServer) -> None:
    await asyncio.to_thread(fragile.stop)
    run = Run(fragile.url("late-"))
    starting = asyncio.create_task(run.stream.start())
    await asyncio.sleep(1)
    assert not starting.done()
    await asyncio.to_thread(fragile.start)
    await starting
    await run.stream.publish(NOTES, notes(1))
    await until(lambda: run.seen)
    await run.stream.stop()


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_broker_that_goes_and_comes_back_loses_nothing_and_the_line_goes_on_by_itself(
    how: str, fragile: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.transport.kafka.REQUEST", 8.0)
    refused: list[StreamError] = []
    stop = asyncio.Event()

    async def publish(run: Run) -> int:
        count = 0
        while not stop.is_set():
            try:
                await run.stream.publish(NOTES, notes(20, keys=31, start=count))
            except StreamError as error:
                refused.append(error)  # a watcher would wait, and put the same mails on the stream again
                await asyncio.sleep(0.1)
            else:
                count += 20
            await asyncio.sleep(0.005)
        return count

    async with Run(fragile.url(f"{how}-")) as run:
        publishing = asyncio.create_task(publish(run))
        await until(lambda: len(run.seen) > 500)
        await asyncio.to_thread(getattr(fragile, how))
        await until(lambda: refused)
        await asyncio.to_thread(fragile.start)
        before = len(run.seen)
        await until(lambda: len(run.seen) > before + 500)
        stop.set()
        count = await publishing
        await until(lambda: set(run.numbers()) >= set(range(count)))
        await until(lambda: run.stream.lag() == {"notes": 0})
        assert not run.fatal
        assert not run.buried
    assert refused[0].place == fragile.bootstrap
    assert "goes on by itself" in refused[0].remedy
    async with Run(fragile.url(f"{how}-")) as again:
        await again.stream.publish(NOTES, [Note(key="k", n=-1)])
        await until(lambda: again.seen)
        assert again.numbers() == [-1]


async def test_stopping_while_the_broker_is_away_ends_and_leaves_nothing_behind(
    fragile: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.transport.kafka.COMMIT", 0.5)
    async with Run(fragile.url("stopping-")) as run:
        await run.stream.publish(NOTES, notes(30))
        await until(lambda: len(run.seen) == 30)
        await asyncio.to_thread(fragile.kill)
        async with asyncio.timeout(LONG):
            await run.stream.drain(5)
            await run.stream.stop()
        assert not run.fatal
    await asyncio.to_thread(fragile.start)
    await until(lambda: not others())


async def test_a_topic_that_is_cut_otherwise_is_named_with_both_counts(kafka: KafkaServer, kafka_url: str) -> None:
    name = kafka_url.partition("prefix=")[2] + NOTES.name
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 4, 1)])
    await admin.close()
    with pytest.raises(StreamError, match=f"the topic {name} has 4 partitions, not 12") as told:
        await Run(kafka_url).stream.start()
    assert told.value.place == kafka.bootstrap


async def test_more_copies_than_brokers_is_told(kafka: KafkaServer, kafka_url: str) -> None:
    with pytest.raises(StreamError, match="cannot be made") as told:
        await Run(f"{kafka_url}&replication=3").stream.start()
    assert "?replication=" in told.value.remedy


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.name for topic in TOPICS])
async def test_garbage_bytes_on_a_topic_are_buried_and_the_next_record_is_read(
    topic: object, kafka: KafkaServer, kafka_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(kafka_url, topic=topic)  # type: ignore[arg-type]
    garbage = [b"", b"\x00\xff" * 500, b"{", b"null", b'{"key": 1}', "∅".encode() * 9]
    async with run:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=1 << 20)
        await producer.start()
        for value in garbage:
            await producer.send_and_wait(run.stream._name(topic), value, key=b"k", partition=3)  # type: ignore[arg-type]
        await producer.send_and_wait(run.stream._name(topic), None, key=b"k", partition=3)  # type: ignore[arg-type]
        await producer.stop()
        await until(lambda: len(run.buried) == len(garbage) + 1)
        await until(lambda: not any(run.stream.lag().values()))
    assert [letter.value for letter in run.buried] == [*garbage, b""]
    assert {letter.reason for letter in run.buried} == {Reason.UNDECODABLE}
    assert not run.fatal
    assert [record for record in caplog.records if record.exc_info and record.levelno > logging.DEBUG] == []


async def test_a_record_of_five_megabytes_that_a_stranger_wrote_never_gets_on_the_topic(
    kafka: KafkaServer, kafka_url: str
) -> None:
    async with Run(kafka_url) as run:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=10 << 20)
        await producer.start()
        with pytest.raises(Exception, match=r"MessageSizeTooLarge"):
            await producer.send_and_wait(run.stream._name(NOTES), b"x" * (5 << 20), key=b"k")
        with suppress(Exception):
            await producer.stop()
        await run.stream.publish(NOTES, notes(1))
        await until(lambda: run.seen)

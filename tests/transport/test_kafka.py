"""What the driver for Kafka changes in Faust's, without a broker; with one, see tests/live/test_kafka_*.py."""

import asyncio
import gc
import logging
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError
from faust.transport.drivers import aiokafka as driver

from engine.transport.address import Servers
from engine.transport.kafka import Thread, tell_unheard
from engine.transport.quiet import Seldom
from engine.transport.record import Record

HERE = TopicPartition("t", 0)
AWAY = TopicPartition("t", 1)


class Reader:
    """Stands in for aiokafka's consumer."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sought: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.error = error

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.sought[tp] = offset

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.error is not None:
            raise self.error
        self.committed = offsets


def thread(reader: Reader, flowing: bool = True) -> Any:
    made: Any = Thread.__new__(Thread)
    made.consumer = SimpleNamespace(flow_active=flowing)
    made._consumer = reader
    made.transport = SimpleNamespace(app=SimpleNamespace(ground=SimpleNamespace(servers=Servers(("h:1",)))))
    return made


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[TopicPartition, list[Record]]:
    records = {HERE: [Record(7, 0, b"k", b"v"), Record(8, 0, b"k", b"v")], AWAY: [Record(3, 0, b"k", b"v")]}

    async def fetch(*_: Any, **__: Any) -> dict[TopicPartition, list[Record]]:
        return records

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    return records


async def test_records_that_come_while_the_flow_stands_are_fetched_again(
    found: dict[TopicPartition, list[Record]],
) -> None:
    reader = Reader()
    assert await thread(reader, flowing=False)._fetch_records(reader, set()) == {}
    assert reader.sought == {HERE: 7}  # what is not ours any more has no position here


async def test_records_that_come_while_the_flow_runs_are_handed_on(found: dict[TopicPartition, list[Record]]) -> None:
    reader = Reader()
    assert await thread(reader)._fetch_records(reader, set()) is found
    assert reader.sought == {}


async def test_only_what_is_still_ours_is_committed() -> None:
    reader = Reader()
    assert await thread(reader)._commit({HERE: 9, AWAY: 4})
    assert reader.committed == {HERE: 9}


@pytest.mark.parametrize("error", [CommitFailedError("x"), IllegalStateError("x"), KafkaConnectionError("x")])
async def test_a_commit_that_fails_is_told_and_ends_nothing(error: Exception) -> None:
    assert not await thread(Reader(error))._commit({HERE: 9})


@pytest.mark.parametrize(
    ("error", "traced"),
    [(KafkaConnectionError(), False), (RuntimeError("a defect"), True)],
    ids=["an outage", "a defect"],
)
async def test_what_aiokafka_shields_and_nobody_hears_is_told_in_a_line_unless_it_is_a_defect(
    caplog: pytest.LogCaptureFixture, error: Exception, traced: bool
) -> None:
    async def fail() -> None:
        raise error

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(partial(tell_unheard, "kafka:9092"))
    try:
        given_up = asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        del given_up
        gc.collect()
    finally:
        loop.set_exception_handler(before)
    assert repr(error) in caplog.text
    assert ("Traceback" in caplog.text) is traced


def test_a_sentence_is_told_once_in_a_while_and_without_a_traceback() -> None:
    seldom = Seldom()
    record = logging.LogRecord(
        "aiokafka", logging.ERROR, "f", 1, "cannot %s", ("x",), (ValueError, ValueError(), None)
    )
    assert seldom.filter(record)
    assert record.exc_info is None
    assert not seldom.filter(record)
    assert seldom.filter(logging.LogRecord("aiokafka", logging.ERROR, "f", 1, "another", (), None))

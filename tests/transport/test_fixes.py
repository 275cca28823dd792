"""Offsets never run ahead of what is acknowledged; and the pins on what we touch inside Faust."""

import hashlib
import inspect
import logging
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faust.app.base import App
from faust.assignor.partition_assignor import PartitionAssignor
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.conductor import Conductor
from faust.transport.consumer import Consumer
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as kafka
from faust.transport.producer import Producer
from faust.types import TP
from faust.types.tuples import Message
from mode import Service
from mode.threads import ServiceThread

from engine.transport.fixes import MOST_BYTES_OUT, MOST_RECORDS_OUT, Batch, Progress
from engine.transport.quiet import quiet
from engine.transport.record import Record


def batch(first: int, last: int, size: int = 1) -> Batch:
    return Batch(TP("t", 0), [Record(offset, 0, b"k", b"x" * size) for offset in range(first, last + 1)])


def handed_over(progress: Progress, *ranges: tuple[int, int]) -> list[Batch]:
    batches = [batch(*each) for each in ranges]
    for each in batches:
        progress.hand_over(each)
    return batches


def test_nothing_is_committed_past_a_single_record_that_is_not_acknowledged() -> None:
    progress = Progress(5)
    [hanging, second, third] = handed_over(progress, (5, 5), (6, 6), (7, 9))
    progress.take_back(third)
    progress.take_back(second)
    assert progress.reached == 5
    progress.take_back(hanging)
    assert progress.reached == 10
    assert progress.idle


def test_offsets_that_do_not_exist_are_no_gap() -> None:
    progress = Progress(None)
    [first, second] = handed_over(progress, (3, 4), (900, 901))
    progress.take_back(first)
    assert progress.reached == 5
    progress.take_back(second)
    assert progress.reached == 902


@pytest.mark.parametrize(("last", "size"), [(MOST_RECORDS_OUT - 1, 1), (3, MOST_BYTES_OUT // 4)])
def test_a_partition_is_full_by_records_and_by_bytes(last: int, size: int) -> None:
    progress = Progress(0)
    assert not progress.full
    out = batch(0, last, size)
    progress.hand_over(out)
    assert progress.full
    progress.take_back(out)
    assert not progress.full


def test_a_partition_is_idle_when_nothing_that_was_begun_is_unfinished() -> None:
    progress = Progress(0)
    [first, second] = handed_over(progress, (0, 1), (2, 3))
    first.begun = True
    assert not progress.idle
    progress.take_back(first)
    assert progress.idle  # the second only stands in a queue: a rebalance does not wait for it
    assert progress.reached == 2
    second.begun = True
    assert not progress.idle


def test_only_the_libraries_are_made_quiet() -> None:
    names = [None, "faust", "mode", "aiokafka"]
    before = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names[1:]:
            logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger("mode").setLevel(logging.DEBUG)  # somebody wants to see it
        quiet()
        after = {name: logging.getLogger(name).level for name in names}
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    assert after == {None: before[None], "faust": logging.WARNING, "mode": logging.DEBUG, "aiokafka": logging.WARNING}


#: What we override, call or rely on: the first characters of the SHA-256 of its source. When one fails, read
#: what changed there and what stands about it in engine/transport/ and engine/agents/app.py, then pin it anew.
PINS = {
    Consumer.__init__: "302410d59e69",
    Consumer.getmany: "4b168d84882a",
    Consumer._wait_next_records: "6218e1969a63",
    Consumer._drain_messages: "44a2500309e8",
    Consumer._add_gap: "4df2573ded7c",
    Consumer._get_active_partitions: "b24897f3c7af",
    Consumer.perform_seek: "0e8c130ff4b0",
    Consumer.on_partitions_revoked: "d04b7ae72c6f",
    Consumer.on_partitions_assigned: "29ce96596f05",
    Consumer.ack: "5fcf41cf4515",
    Consumer.commit: "a354437baaa0",
    Consumer.force_commit: "cc094614d22c",
    Consumer._new_offset: "1d2c7ea89a7a",
    Consumer.wait_empty: "e4662fe24f09",
    Consumer.on_stop: "45b1d2210ce2",
    Consumer._commit_handler: "4e5da5df0730",
    Message.ack: "4751b72c4ed8",
    Producer.__init__: "5c53a4b47aa1",
    Conductor._subscriber: "2a7908583404",
    TableManager.on_start: "365dd25fbc0e",
    TableManager._update_channels: "88e3941facc9",
    Recovery._resume_streams: "d986a6710c1a",
    Recovery.on_rebalance: "aa4d997a1795",
    PartitionAssignor.on_assignment: "72f34bf053d6",
    App.on_first_start: "ec655d9c2234",
    App.on_rebalance_start: "5c1e23de3067",
    App.on_rebalance_end: "b7ff69e1e377",
    App._on_partitions_revoked: "d5c895bbe57d",
    App._on_partitions_assigned: "de932b7927db",
    App._stop_consumer: "55854a5de12c",
    kafka.AIOKafkaConsumerThread._create_worker_consumer: "c2701bfc3e6f",
    kafka.AIOKafkaConsumerThread._fetch_records: "39a2c6c79fc1",
    kafka.AIOKafkaConsumerThread._commit: "932852ce7a23",
    kafka.AIOKafkaConsumerThread.on_thread_stop: "8dfc004e258b",
    kafka.AIOKafkaConsumerThread.verify_event_path: "b983e7735f64",
    kafka.ConsumerRebalanceListener.on_partitions_revoked: "348c3aec879f",
    kafka.ConsumerRebalanceListener.on_partitions_assigned: "1c1f8406ad36",
    kafka.Producer._settings_default: "9c39987fb719",
    kafka.Producer.key_partition: "c713c4d7b421",
    AIOKafkaProducer.send_batch: "bf42b0f0c5c0",
    AIOKafkaConsumer.seek_to_committed: "f6cd85c8b70a",
    AIOKafkaConsumer.stop: "bc5da9c98595",
    ServiceThread._serve: "67809eae0957",
    ServiceThread.on_crash: "d1b1624686ba",
    Service.stop: "e17cd2b6bd01",
    Service.crash: "14980000465d",
    Service._crash: "7bc0c709a151",
}


def inside(function: Any) -> Any:
    """The function in a decorated one: mode keeps a service's task as an object."""
    return inspect.unwrap(getattr(function, "fun", function))


def mark(function: object) -> str:
    return hashlib.sha256(inspect.getsource(inside(function)).encode()).hexdigest()[:12]


def test_faust_is_the_one_these_fixes_were_written_for() -> None:
    assert faust.__version__.startswith("0.15.")
    assert {"kafka", "aiokafka"} <= set(TRANSPORTS.aliases)


@pytest.mark.parametrize("function", PINS, ids=[inside(each).__qualname__ for each in PINS])
def test_what_we_touch_inside_faust_has_not_changed(function: object) -> None:
    assert mark(function) == PINS[function]  # type: ignore[index]

"""The log keeps what it said it kept, counts offsets once, and forgets only what was read and is old."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from engine.errors import StreamError
from engine.transport import record
from engine.transport.log import Log
from engine.transport.record import Entry, Partition, Record, pack, take, unpack

T0 = ("t", 0)
EVERYTHING = 1 << 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "stream.db"


@pytest.fixture
async def log(file: Path) -> AsyncIterator[Log]:
    log = await opened(file)
    yield log
    await log.close()


async def opened(file: Path) -> Log:
    log = Log(file)
    await log.open()
    await log.declare({"t": 2, "unread": 1})
    return log


def entries(*timestamps: int, topic: str = "t") -> list[Entry]:
    return [Entry(topic, 0, at, b"k", b"v%d" % at, (("h", b"\xff"),)) for at in timestamps]


async def offsets(log: Log, place: tuple[str, int] = T0) -> list[int]:
    return [each.offset for each in (await log.read({place: 0}, 10_000, EVERYTHING))[place]]


async def test_what_was_appended_stands_there_after_a_restart(file: Path, log: Log) -> None:
    await log.append(entries(1, 2))
    before = log.recall(T0, 0, 10, EVERYTHING)
    await log.close()
    again = await opened(file)
    assert again.recall(T0, 0, 10, EVERYTHING) is None
    found = (await again.read({T0: 0}, 10, EVERYTHING))[T0]
    assert (
        found
        == before
        == [Record(0, 1, b"k", b"v1", (("h", b"\xff"),)), Record(1, 2, b"k", b"v2", (("h", b"\xff"),))]
    )
    assert again.end(T0) == 2
    await again.close()


async def test_many_appends_share_a_commit_and_keep_their_order(log: Log) -> None:
    commits = 0

    def count() -> None:
        nonlocal commits
        commits += 1

    forget = log.listen(count)
    await asyncio.gather(*(log.append(entries(at)) for at in range(100)))
    assert commits < 10
    found = (await log.read({T0: 0}, 1000, EVERYTHING))[T0]
    assert [(each.offset, each.timestamp) for each in found] == [(n, n) for n in range(100)]
    forget()
    await log.append(entries(100))
    assert commits < 10


async def test_an_append_that_failed_leaves_no_trace_and_no_gap(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.append(entries(1))
    insert = log._insert

    def half(rows: list[object]) -> None:
        insert([*rows, rows[0]])  # type: ignore[list-item]

    with monkeypatch.context() as patch:
        patch.setattr(log, "_insert", half)
        with pytest.raises(StreamError, match="UNIQUE"):
            await log.append(entries(2, 3))
    assert log.end(T0) == 1
    await log.append(entries(4))
    assert [each.timestamp for each in (await log.read({T0: 0}, 10, EVERYTHING))[T0]] == [1, 4]
    assert await offsets(log) == [0, 1]


async def test_a_closed_log_refuses_and_can_be_closed_again(log: Log) -> None:
    writing = log.append(entries(1))
    await log.close()
    assert writing.done()
    assert writing.exception() is None
    with pytest.raises(StreamError, match="closed"):
        await log.append(entries(2))
    await log.close()


async def test_old_records_go_once_the_reader_has_committed_past_them(log: Log) -> None:
    await log.append(entries(10, 20, 30, 40))
    read = frozenset({"t"})
    assert await log.expire({"t": 35}, read) == 0  # nobody has read anything yet
    await log.commit("us", {T0: 2})
    assert await log.expire({"t": 35}, read) == 2
    assert await offsets(log) == [2, 3]
    await log.commit("us", {T0: 4})
    assert await log.expire({"t": 35}, read) == 1
    assert await log.expire({"t": 35}, read) == 0
    assert await offsets(log) == [3]


async def test_a_topic_nobody_here_reads_is_kept_by_age_alone(log: Log) -> None:
    await log.append(entries(10, 20, 30, topic="unread"))
    assert await log.expire({"unread": 25}, frozenset({"t"})) == 2
    assert await offsets(log, ("unread", 0)) == [2]


async def test_a_partition_emptied_by_retention_goes_on_where_it_stood(file: Path, log: Log) -> None:
    await log.append(entries(10, 20, 30))
    await log.commit("us", {T0: 3})
    assert await log.expire({"t": 99}, frozenset({"t"})) == 3
    await log.close()
    again = await opened(file)
    assert again.end(T0) == 3
    assert await again.resume("us", [T0]) == {T0: 3}
    assert await again.resume("somebody new", [T0]) == {T0: 3}
    await again.append(entries(40))
    assert await offsets(again) == [3]
    await again.close()


async def test_a_large_sweep_is_done_in_many_small_transactions(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.transport.log.SWEEP", 10)
    await log.append(entries(*range(95)))
    await log.commit("us", {T0: 95})
    assert await log.expire({"t": 90}, frozenset({"t"})) == 90
    assert await offsets(log) == list(range(90, 95))


async def test_a_reader_who_comes_late_begins_at_the_oldest_record(log: Log) -> None:
    await log.append(entries(10, 20, topic="unread"))
    await log.expire({"unread": 15}, frozenset())
    place = ("unread", 0)
    assert await log.resume("late", [place]) == {place: 1}


async def test_a_newer_layout_is_not_touched(file: Path, log: Log) -> None:
    await log.close()
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version=2")
    other.close()
    with pytest.raises(StreamError, match="newer Tocsin"):
        await Log(file).open()


async def test_every_commit_is_synced_to_the_disk(log: Log) -> None:
    assert log._write is not None
    assert log._write.execute("PRAGMA synchronous").fetchone() == (2,)
    assert log._write.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_memory_keeps_a_bounded_tail() -> None:
    partition = Partition(1, 0)
    for offset in range(record.TAIL_RECORDS + 5):
        partition.remember(Record(offset, 0, None, b"x"))
    assert partition.recall(4, 1, EVERYTHING) is None
    assert partition.recall(5, 1, EVERYTHING) == [Record(5, 0, None, b"x")]
    big = b"x" * (record.TAIL_BYTES // 2)
    for offset in range(record.TAIL_RECORDS + 5, record.TAIL_RECORDS + 8):
        partition.remember(Record(offset, 0, None, big))
    assert partition.recall(record.TAIL_RECORDS + 4, 1, EVERYTHING) is None


def test_a_fetch_is_bounded_by_bytes_and_takes_one_record_at_least() -> None:
    records = [Record(n, 0, None, b"x" * 10) for n in range(5)]
    assert take(records, 25) == records[:2]
    assert take(records, 1) == records[:1]


def test_headers_come_back_as_they_were() -> None:
    headers = (("a", bytes(range(256))), ("ü", b""))
    assert unpack(pack(headers)) == headers
    assert unpack(None) == ()


def test_keys_fall_into_the_partitions_that_kafka_would_choose() -> None:
    # From Apache Kafka's own UtilsTest.testMurmur2: 21, foobar, a-little-bit-long-string.
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    choose = DefaultPartitioner()
    numbers = list(range(12))
    assert {key: choose(key, numbers, numbers) for key in hashes} == {
        key: (value & 0x7FFFFFFF) % 12 for key, value in hashes.items()
    }

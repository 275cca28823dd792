"""The embedded stream keeps the contract, and what only a file can go wrong with is told plainly."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import StreamError
from engine.topics import Topic
from tests.contracts.transport import NOTES, Note, Run, StreamContract, notes, until

CHILD = Path(__file__).with_name("crash_child.py")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "stream.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


class TestEmbeddedStream(StreamContract):
    """The suite of every transport, over a file."""


async def test_a_second_process_is_refused_and_told_who_holds_the_stream(url: str, file: Path) -> None:
    async with Run(url):
        other = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, str(CHILD), url, str(file), "0"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert other.returncode != 0
        assert f"{file}: another `tocsin run` holds this stream (process {os.getpid()})" in other.stderr
        with pytest.raises(StreamError, match="another `tocsin run` holds"):
            await Run(url).stream.start()
    async with Run(url):
        pass  # the lock is free again


async def test_the_files_are_for_their_owner_alone(url: str, file: Path) -> None:
    mask = os.umask(0)
    try:
        async with Run(url) as run:
            await run.stream.publish(NOTES, notes(1))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    finally:
        os.umask(mask)
    assert modes == dict.fromkeys(["stream.db", "stream.db-wal", "stream.db-shm", "stream.db.lock"], 0o600)


async def test_nothing_but_the_stream_is_written(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    async with Run(url):
        pass
    assert {path.name for path in file.parent.iterdir()} == {"stream.db", "stream.db.lock"}


async def test_a_topic_keeps_its_partitions_for_life(url: str, file: Path) -> None:
    async with Run(url):
        pass
    run = Run(url)
    with pytest.raises(StreamError, match="the topic notes has 12 partitions, not 4"):
        async with run:
            await run.stream.publish(Topic("notes", NOTES.adapter, key="key", partitions=4), notes(1))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "stream.db",
        "postgres:///x",
        "kafka://u:secret@broker:x",
        "kafka://",
        "kafka://a b",
        "kafka://h:0",
        "kafka://h:9092?x=1",
        "kafka://h?replication=0",
        "sqlite://",
        "sqlite:///x?mode=ro",
    ],
)
def test_an_address_that_is_no_stream_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(StreamError, match="write `stream: sqlite:") as refused:
        Run(address)
    assert "secret" not in str(refused.value)


async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="No such file"):
        await Run(f"sqlite:///{tmp_path}/nowhere/stream.db").stream.start()
    (tmp_path / "text.db").write_text("dear diary, this is not a database at all\n" * 100)
    with pytest.raises(StreamError, match="not a database"):
        await Run(f"sqlite:///{tmp_path}/text.db").stream.start()
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE mine(x)")
    other.close()
    with pytest.raises(StreamError, match="not a stream of Tocsin's"):
        await Run(f"sqlite:///{tmp_path}/other.db").stream.start()
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StreamError, match="directory"):
        await Run(f"sqlite:///{tmp_path}/folder.db").stream.start()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_rebalance_commits_first_so_that_nothing_comes_twice(url: str) -> None:
    async with Run(url, commit_interval=3600) as run:
        await run.stream.publish(NOTES, notes(300, keys=20))
        await until(lambda: run.stream.lag() == {"notes": 0})
        await run.stream._consumer().subscribe(["notes"])  # all revoked, all assigned again
        await until(lambda: run.stream._consumer()._generation == 2)
        await run.stream.publish(NOTES, notes(300, keys=20, start=300))
        await until(lambda: len(run.seen) >= 600)
    assert sorted(run.numbers()) == list(range(600))
    async with Run(url) as again:
        assert again.stream.lag() == {"notes": 0}
        await again.stream.publish(NOTES, notes(1, start=999))
        await until(lambda: again.seen)
        assert again.numbers() == [999]


async def test_a_batch_that_was_in_work_over_a_rebalance_comes_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.transport.fixes.REVOKE_WAIT", 0.1)
    begun, release = asyncio.Event(), asyncio.Event()

    async def wait(given: list[Note]) -> None:
        begun.set()
        await release.wait()

    async with Run(url, wait) as run:
        await run.stream.publish(NOTES, notes(1))
        await begun.wait()
        await run.stream._consumer().subscribe(["notes"])
        await until(lambda: run.stream._consumer()._generation == 2)
        await run.stream.publish(NOTES, notes(1, start=1))
        release.set()
        await until(lambda: set(run.numbers()) == {0, 1} and run.stream.lag() == {"notes": 0})


async def test_a_stream_that_breaks_ends_the_process(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Run(url) as run:

        def broken(*_: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(run.stream._consumer(), "_fetch", broken)
        await run.stream.publish(NOTES, notes(1))
        await until(lambda: run.fatal)
    assert len(run.fatal) == 1


async def test_offsets_that_cannot_be_committed_are_committed_later(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Run(url, commit_interval=0.05) as run:
        refused = asyncio.Event()

        async def full(*_: object) -> None:
            refused.set()
            raise StreamError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr("engine.transport.log.Log.commit", full)
            await run.stream.publish(NOTES, notes(9))
            await refused.wait()
    async with Run(url) as again:
        await again.stream.publish(NOTES, notes(1, start=9))
        await until(lambda: again.seen)
        assert again.numbers() == [9]
    assert not run.fatal


async def test_two_streams_in_one_process_do_not_know_each_other(tmp_path: Path) -> None:
    async with Run(f"sqlite:///{tmp_path}/a.db") as a, Run(f"sqlite:///{tmp_path}/b.db") as b:
        await a.stream.publish(NOTES, notes(5))
        await b.stream.publish(NOTES, notes(5, start=100))
        await until(lambda: len(a.seen) == len(b.seen) == 5)
        await a.stream.stop()
        await b.stream.publish(NOTES, notes(1, start=200))
        await until(lambda: len(b.seen) == 6)
    assert max(a.numbers()) < 100 <= min(b.numbers())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


async def test_a_full_disk_is_told_and_loses_nothing_and_the_stream_goes_on_when_there_is_room(
    small_disk: Path,
) -> None:
    async with Run(f"sqlite:///{small_disk}/stream.db") as run:
        await run.stream.publish(NOTES, notes(10))
        filler = small_disk / "filler"
        fill(filler)
        kept = 10
        error: StreamError | None = None
        while error is None:
            try:
                await run.stream.publish(NOTES, [Note(key="k0", n=kept, text="x" * 4000)])
                kept += 1
            except StreamError as told:
                error = told
        assert "the disk is full" in str(error)
        assert error.place == f"{small_disk}/stream.db"
        filler.unlink()
        await run.stream.publish(NOTES, notes(10, start=kept))
        await until(lambda: len(run.seen) >= kept + 10)
        assert sorted(run.numbers()) == list(range(kept + 10))
        assert not run.fatal


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as full, suppress(OSError):
        while True:
            full.write(b"x" * 4096)


def child(file: Path, total: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(CHILD), f"sqlite:///{file}", str(file), str(total)])


def lines(file: Path, suffix: str) -> list[str]:
    path = file.with_suffix(suffix)
    return path.read_text().split() if path.exists() else []


async def test_a_killed_process_loses_nothing(file: Path) -> None:
    for target in (200, 700):
        process = child(file, 2000)
        await until(lambda target=target: len(lines(file, ".seen")) >= target)
        process.kill()
        process.wait()
    assert child(file, 2000).wait(60) == 0
    seen = Counter(map(int, lines(file, ".seen")))
    assert sorted(seen) == list(range(2000))


async def test_a_terminated_process_loses_nothing_and_repeats_nothing(file: Path) -> None:
    for target in (200, 700):
        process = child(file, 2000)
        await until(lambda target=target: len(lines(file, ".seen")) >= target)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert child(file, 2000).wait(60) == 0
    assert sorted(map(int, lines(file, ".seen"))) == list(range(2000))

"""Several workers on one Kafka: partitions change hands, nothing is lost, and only a kill -9 repeats anything."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from engine.topics import EVENTS
from tests.contracts.transport import LONG, Note, Run, in_order, notes, until
from tests.contracts.transport import NOTES as STREAM

pytestmark = pytest.mark.live
CHILD = Path(__file__).parents[1] / "transport" / "crash_child.py"


class Worker(Run):
    """A worker whose hop takes its time, and writes what it was given into a list that all workers share."""

    def __init__(self, url: str, together: list[Note]) -> None:
        async def work(given: list[Note]) -> None:
            await asyncio.sleep(0.002)
            together.extend(given)

        super().__init__(url, work)


class Flow:
    """Records that keep coming while workers come and go."""

    def __init__(self, run: Run) -> None:
        self.count = 0
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._publish(run))

    async def _publish(self, run: Run) -> None:
        while not self._stop.is_set():
            await run.stream.publish(STREAM, notes(20, keys=97, start=self.count))
            self.count += 20
            await asyncio.sleep(0.005)

    async def end(self) -> int:
        """No more of them; answers how many there were."""
        self._stop.set()
        await self._task
        return self.count


async def test_a_worker_that_joins_takes_over_without_a_loss_or_a_repeat(kafka_url: str) -> None:
    together: list[Note] = []
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(Worker(kafka_url, together))]
        flow = Flow(workers[0])
        for _ in range(2):
            await until(lambda: workers[-1].seen)
            workers.append(await stack.enter_async_context(Worker(kafka_url, together)))
        await until(lambda: workers[-1].seen)
        total = await flow.end()
        await until(lambda: len(together) >= total)
    assert sorted(note.n for note in together) == list(range(total))
    assert in_order(together)


async def test_a_worker_that_leaves_hands_over_without_a_loss_or_a_repeat(kafka_url: str) -> None:
    together: list[Note] = []
    async with Worker(kafka_url, together) as first:
        flow = Flow(first)
        async with Worker(kafka_url, together) as second:
            await until(lambda: len(second.seen) > 300)
            assert await second.stream.drain(LONG)
        before = len(first.seen)
        await until(lambda: len(first.seen) > before + 500)
        total = await flow.end()
        await until(lambda: len(together) >= total)
    assert sorted(note.n for note in together) == list(range(total))
    assert in_order(together)


async def test_every_account_has_one_owner_and_both_hear_of_a_change(kafka_url: str) -> None:
    accounts = [f"account {number}" for number in range(200)]
    heard: list[str] = []
    first, second = Run(kafka_url, topic=EVENTS), Run(kafka_url, topic=EVENTS)
    first.stream._rebalanced = lambda: heard.append("first")
    second.stream._rebalanced = lambda: heard.append("second")

    def owners() -> set[int]:
        return {sum(run.stream.owns(account) for run in (first, second)) for account in accounts}

    async with first:
        assert heard == ["first"]
        async with second:
            await until(lambda: {"first", "second"} == set(heard[1:]) and owners() == {1})
            assert any(first.stream.owns(account) for account in accounts)
            assert any(second.stream.owns(account) for account in accounts)
        before = len(heard)
        await until(lambda: len(heard) > before)
        assert all(first.stream.owns(account) for account in accounts)


async def test_what_a_hop_has_in_work_ends_before_its_partition_is_given_away(kafka_url: str) -> None:
    together: list[Note] = []
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow(given: list[Note]) -> None:
        begun.set()
        await release.wait()
        together.extend(given)

    async with Run(kafka_url, slow) as first:
        await first.stream.publish(STREAM, notes(50, keys=50))
        await begun.wait()
        second = Worker(kafka_url, together)
        joining = asyncio.create_task(second.stream.start())
        await until(lambda: not first.stream.assigned())
        release.set()
        await joining
        await until(lambda: len(together) >= 50)
        await until(lambda: not any({**first.stream.lag(), **second.stream.lag()}.values()))
        await second.stream.stop()
    assert sorted(note.n for note in together) == list(range(50))


def child(url: str, file: Path, total: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(CHILD), url, str(file), str(total)])


def lines(file: Path, suffix: str = ".seen") -> list[int]:
    path = file.with_suffix(suffix)
    return [int(line) for line in path.read_text().split()] if path.exists() else []


async def ended(process: subprocess.Popen[bytes]) -> int:
    return await asyncio.to_thread(process.wait, 60)


async def test_a_killed_process_loses_nothing(kafka_url: str, tmp_path: Path) -> None:
    file = tmp_path / "killed"
    for target in (200, 700):
        process = child(kafka_url, file, 2000)
        await until(lambda target=target: len(lines(file)) >= target)
        process.kill()
        process.wait()
    assert await ended(child(kafka_url, file, 2000)) == 0
    assert sorted(Counter(lines(file))) == list(range(2000))


async def test_a_terminated_process_loses_nothing_and_repeats_nothing(kafka_url: str, tmp_path: Path) -> None:
    file = tmp_path / "terminated"
    for target in (200, 700):
        process = child(kafka_url, file, 2000)
        await until(lambda target=target: len(lines(file)) >= target)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
    assert await ended(child(kafka_url, file, 2000)) == 0
    assert sorted(lines(file)) == list(range(2000))


async def test_what_a_killed_worker_had_is_taken_over_by_the_one_that_lives(kafka_url: str, tmp_path: Path) -> None:
    file = tmp_path / "killed"
    together: list[Note] = []
    async with Worker(kafka_url, together) as living:
        process = child(kafka_url, file, 1000)
        await until(lambda: len(lines(file)) >= 100 and living.seen)
        process.kill()
        process.wait()
        published = lines(file, ".published")[-1]
        await until(lambda: {note.n for note in together} | set(lines(file)) >= set(range(published)))
        await until(lambda: not any(living.stream.lag().values()))

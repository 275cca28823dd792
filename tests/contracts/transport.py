"""What every stream keeps, whatever carries it. A transport's own test file gives the `url` fixture."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from engine.agents.app import Binding, Stream
from engine.dead_letter import DeadLetter
from engine.errors import StoreError, StreamError
from engine.reason import Reason
from engine.topics import EVENTS, MOST_RECORD_BYTES, Topic

LONG = 60.0  # seconds after which a test that waits is hung, not slow


class Note(BaseModel):
    key: str
    n: int
    text: str = ""


class Riddle(BaseModel):
    key: str
    riddle: str


NOTES = Topic("notes", TypeAdapter(Note), key="key")
RIDDLES = Topic("notes", TypeAdapter(Riddle), key="key")  # the same stream, another shape: nobody can read it


def notes(count: int, keys: int = 3, start: int = 0) -> list[Note]:
    return [Note(key=f"k{n % keys}", n=n) for n in range(start, start + count)]


class Run:
    """One engine's life: a stream with one hop, and what became of the records."""

    def __init__(
        self,
        url: str,
        work: Callable[[list[Note]], Awaitable[None]] | None = None,
        commit_interval: float = 1.0,
        topic: Topic = NOTES,
    ) -> None:
        self.seen: list[Note] = []
        self.buried: list[DeadLetter] = []
        self.fatal: list[BaseException] = []
        self.work = work
        self.stream = Stream(
            url,
            [Binding("read", topic, self._work)],
            bury=self.bury,
            fatal=self.fatal.append,
            clock=lambda: datetime.now(UTC),
            commit_interval=commit_interval,
        )

    async def _work(self, given: list[Note]) -> None:
        if self.work is not None:
            await self.work(given)
        self.seen.extend(given)

    async def bury(self, letter: DeadLetter) -> None:
        self.buried.append(letter)

    async def __aenter__(self) -> "Run":
        await self.stream.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stream.stop()

    def numbers(self) -> list[int]:
        return [note.n for note in self.seen]


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(LONG):
        while not holds():
            await asyncio.sleep(0.005)


def in_order(seen: list[Note]) -> bool:
    by_key: dict[str, list[int]] = {}
    for note in seen:
        by_key.setdefault(note.key, []).append(note.n)
    return all(numbers == sorted(numbers) for numbers in by_key.values())


class StreamContract:
    async def test_records_of_a_key_arrive_in_order_and_none_is_missing(self, url: str) -> None:
        async with Run(url) as run:
            for start in range(0, 600, 50):
                await run.stream.publish(NOTES, notes(50, keys=17, start=start))
            await until(lambda: len(run.seen) >= 600)
            assert sorted(run.numbers()) == list(range(600))
            assert in_order(run.seen)

    async def test_one_record_on_an_idle_line_is_handed_over(self, url: str) -> None:
        async with Run(url) as run:
            await asyncio.sleep(0.2)
            await run.stream.publish(NOTES, notes(1))
            await until(lambda: run.seen)

    async def test_after_drain_and_stop_a_restart_goes_on_without_loss_or_repeat(self, url: str) -> None:
        seen: list[int] = []

        async def slow(given: list[Note]) -> None:
            await asyncio.sleep(0.01)

        for start in (0, 200, 400):
            async with Run(url, slow) as run:
                await run.stream.publish(NOTES, notes(200, keys=40, start=start))
                await until(lambda run=run: run.seen)
                assert await run.stream.drain(LONG)
            seen += run.numbers()
        async with Run(url) as run:
            await until(lambda: len(seen) + len(run.seen) >= 600)
            await until(lambda: run.stream.lag() == {"notes": 0})
        assert sorted(seen + run.numbers()) == list(range(600))

    async def test_what_was_in_work_at_a_stop_comes_again(self, url: str) -> None:
        begun = asyncio.Event()

        async def hang(given: list[Note]) -> None:
            begun.set()
            await asyncio.sleep(3600)

        async with Run(url, hang) as run:
            await run.stream.publish(NOTES, notes(3))
            await begun.wait()
            assert not await run.stream.drain(0.05)
        async with Run(url) as again:
            await until(lambda: len(again.seen) == 3)
            assert sorted(again.numbers()) == [0, 1, 2]

    async def test_a_hop_that_ignores_its_cancellation_does_not_keep_the_stream_from_stopping(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("engine.agents.app.LONGEST_STOP", 0.2)
        begun, release = asyncio.Event(), asyncio.Event()

        async def cling(given: list[Note]) -> None:
            begun.set()
            while not release.is_set():
                with suppress(asyncio.CancelledError):
                    await release.wait()

        async with Run(url, cling) as run:
            await run.stream.publish(NOTES, notes(1))
            await begun.wait()
            async with asyncio.timeout(LONG):
                await run.stream.stop()
        release.set()
        await until(lambda: not others())

    async def test_the_store_is_waited_for_and_the_batch_keeps_its_order(self, url: str) -> None:
        failures = 0

        async def locked(given: list[Note]) -> None:
            nonlocal failures
            if failures < 2:
                failures += 1
                raise StoreError("database is locked")

        async with Run(url, locked) as run:
            await run.stream.publish(NOTES, notes(30, keys=1))
            await until(lambda: len(run.seen) == 30)
            assert run.numbers() == list(range(30))
            assert not run.buried

    async def test_draining_does_not_wait_for_a_store_that_stays_away(self, url: str) -> None:
        tried = asyncio.Event()

        async def locked(given: list[Note]) -> None:
            tried.set()
            raise StoreError("database is locked")

        async with Run(url, locked) as run:
            await run.stream.publish(NOTES, notes(1))
            await tried.wait()
            assert not await run.stream.drain(LONG)
        async with Run(url) as again:
            await until(lambda: again.seen)

    async def test_a_poisonous_record_is_buried_whole_and_the_others_go_on(self, url: str) -> None:
        async def choke(given: list[Note]) -> None:
            if any(note.n == 4 for note in given):
                raise RuntimeError("cannot " + "x" * 1000)

        async with Run(url, choke) as run:
            await run.stream.publish(NOTES, notes(12, keys=2))
            await until(lambda: len(run.seen) >= 11 and run.buried)
            await until(lambda: run.stream.lag() == {"notes": 0})
        assert sorted(run.numbers()) == [n for n in range(12) if n != 4]
        assert in_order(run.seen)
        [letter] = run.buried
        assert letter.reason == Reason.POISON
        assert Note.model_validate_json(letter.value).n == 4
        assert letter.error.startswith("RuntimeError: cannot")
        assert len(letter.error) == 500
        assert not run.fatal

    async def test_an_error_that_passes_costs_no_record(self, url: str) -> None:
        failures = 0

        async def stumble(given: list[Note]) -> None:
            nonlocal failures
            if failures < 3:
                failures += 1
                raise ConnectionError("for a moment")

        async with Run(url, stumble) as run:
            await run.stream.publish(NOTES, notes(5, keys=1))
            await until(lambda: len(run.seen) == 5)
            assert run.numbers() == list(range(5))
            assert not run.buried

    async def test_a_cancellation_from_within_the_hop_does_not_end_the_lane_unseen(self, url: str) -> None:
        async def cancelled(given: list[Note]) -> None:
            if given[0].n == 0:
                raise asyncio.CancelledError

        async with Run(url, cancelled) as run:
            await run.stream.publish(NOTES, notes(1, keys=1))
            await until(lambda: run.buried)
            await run.stream.publish(NOTES, notes(1, keys=1, start=1))
            await until(lambda: run.seen)
            assert not run.fatal

    async def test_an_unreadable_record_is_buried_and_its_neighbours_are_read(self, url: str) -> None:
        async with Run(url) as run:
            await run.stream.publish(NOTES, notes(1, keys=1))
            await run.stream.publish(RIDDLES, [Riddle(key="k0", riddle="?")])
            await run.stream.publish(NOTES, notes(1, keys=1, start=1))
            await until(lambda: len(run.seen) == 2 and run.buried)
            [letter] = run.buried
            assert letter.reason == Reason.UNDECODABLE
            assert letter.topic == "notes"
            assert letter.key == b"k0"
            assert letter.value == b'{"key":"k0","riddle":"?"}'

    async def test_nothing_is_acknowledged_before_its_dead_letter_is_kept(self, url: str) -> None:
        refused = asyncio.Event()

        class Full(Run):
            async def bury(self, letter: DeadLetter) -> None:
                refused.set()
                raise StoreError("the disk is full")

        async with Full(url) as run:
            await run.stream.publish(RIDDLES, [Riddle(key="k0", riddle="?")])
            await refused.wait()
            assert run.stream.lag() == {"notes": 1}
            assert not await run.stream.drain(LONG)
            assert not run.fatal
        async with Run(url) as again:
            await until(lambda: again.buried)

    async def test_a_broken_burial_ends_the_process_and_acknowledges_nothing(self, url: str) -> None:
        class Broken(Run):
            async def bury(self, letter: DeadLetter) -> None:
                raise TypeError("a mistake of ours")

        async with Broken(url) as run:
            await run.stream.publish(RIDDLES, [Riddle(key="k0", riddle="?")])
            await until(lambda: run.fatal)
            assert isinstance(run.fatal[0], TypeError)
            await run.stream.publish(NOTES, notes(2, keys=2))
        assert not run.seen
        assert len(run.fatal) == 1
        async with Run(url) as again:
            await until(lambda: again.buried and len(again.seen) == 2)

    async def test_draining_lets_what_is_in_work_end_and_begins_nothing_more(self, url: str) -> None:
        begun, release = asyncio.Event(), asyncio.Event()

        async def slow(given: list[Note]) -> None:
            begun.set()
            await release.wait()

        async with Run(url, slow) as run:
            await run.stream.publish(NOTES, notes(1, keys=1))
            await begun.wait()
            await run.stream.publish(NOTES, notes(1, keys=1, start=1))
            draining = asyncio.create_task(run.stream.drain(LONG))
            await asyncio.sleep(0)
            assert not draining.done()
            release.set()
            assert await draining
            assert run.numbers() == [0]
            await run.stream.publish(NOTES, notes(1, keys=1, start=2))  # what others still have to say is kept
        async with Run(url) as again:
            await until(lambda: len(again.seen) == 2)
            assert again.numbers() == [1, 2]

    async def test_partitions_do_not_wait_for_each_other(self, url: str) -> None:
        release = asyncio.Event()

        async def wait(given: list[Note]) -> None:
            if given[0].key == "slow":
                await release.wait()

        async with Run(url, wait) as run:
            await run.stream.publish(NOTES, [Note(key="slow", n=0)])
            await run.stream.publish(NOTES, [Note(key=f"k{n}", n=n) for n in range(1, 60)])
            await until(lambda: len(run.seen) > 30)
            release.set()
            await until(lambda: len(run.seen) == 60)

    async def test_a_backlog_larger_than_what_is_handed_over_at_once_arrives_whole(self, url: str) -> None:
        async with Run(url) as run:
            await run.stream.drain(LONG)
            for start in range(0, 5000, 1000):
                await run.stream.publish(NOTES, notes(1000, keys=1, start=start))
        async with Run(url) as again:
            await until(lambda: len(again.seen) >= 5000)
            assert again.numbers() == list(range(5000))

    async def test_a_record_over_the_limit_is_refused_with_all_that_came_with_it(self, url: str) -> None:
        async with Run(url) as run:
            with pytest.raises(StreamError, match="over the limit"):
                await run.stream.publish(NOTES, [*notes(1), Note(key="k", n=1, text="x" * MOST_RECORD_BYTES * 10)])
            await run.stream.publish(NOTES, notes(1, start=7))
            await until(lambda: run.seen)
            assert run.numbers() == [7]

    async def test_lag_counts_what_is_not_acknowledged(self, url: str) -> None:
        release = asyncio.Event()

        async def wait(given: list[Note]) -> None:
            await release.wait()

        async with Run(url, wait) as run:
            assert run.stream.lag() == {"notes": 0}
            await run.stream.publish(NOTES, notes(40, keys=7))
            assert run.stream.lag() == {"notes": 40}
            release.set()
            await until(lambda: run.stream.lag() == {"notes": 0})

    async def test_nothing_can_be_published_before_the_start_or_after_the_stop(self, url: str) -> None:
        run = Run(url)
        for _ in range(2):
            with pytest.raises(StreamError, match="not open"):
                await run.stream.publish(NOTES, notes(1))
            async with run:
                await run.stream.publish(NOTES, notes(1))
            with pytest.raises(StreamError, match="not open"):
                await run.stream.publish(NOTES, notes(1))
            await run.stream.stop()
            run = Run(url)

    async def test_a_worker_that_is_alone_owns_every_account_while_it_runs(self, url: str) -> None:
        run = Run(url, topic=EVENTS)
        assert not run.stream.owns("anna")
        async with run:
            assert all(run.stream.owns(f"account {number}") for number in range(50))
        assert not run.stream.owns("anna")

    async def test_no_task_is_left_behind(self, url: str) -> None:
        async with Run(url) as run:
            await run.stream.publish(NOTES, notes(30))
            await until(lambda: len(run.seen) == 30)
        await asyncio.sleep(0)
        assert not others()


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

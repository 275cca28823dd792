"""A lane keeps the order of a key, whatever fails, and acknowledges last."""

import asyncio
from datetime import UTC, datetime

import pytest

from engine.agents import lane as lanes
from engine.agents.lane import Binding, Lane, Parcel
from engine.dead_letter import DeadLetter
from engine.errors import StreamError
from engine.reason import Reason
from engine.transport.record import Record
from tests.contracts.transport import NOTES, Note, until


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "FIRST_PAUSE", 0.001)


class Bench:
    """One lane, its hop, and everything that happened to it, in order."""

    def __init__(self, **fails: int) -> None:
        self.left = {int(n[1:]): times for n, times in fails.items()}
        self.log: list[str] = []
        self.closing = asyncio.Event()
        self.held = True
        self.lane = Lane(
            Binding("hop", NOTES, self.work),
            0,
            bury=self.bury,
            clock=lambda: datetime.now(UTC),
            closing=self.closing,
        )
        self.offset = 0

    async def work(self, given: list[Note]) -> None:
        for note in given:
            if self.left.get(note.n, 0) > 0:
                self.left[note.n] -= 1
                raise ValueError(f"{note.n}")
        self.log.append("did " + " ".join(str(note.n) for note in given))

    async def bury(self, letter: DeadLetter) -> None:
        self.log.append(f"buried {letter.offset} {letter.reason}")

    def put(self, *notes: Note | bytes) -> None:
        records = []
        for note in notes:
            key, value = (b"?", note) if isinstance(note, bytes) else NOTES.encode(note)
            records.append(Record(self.offset, 0, key, value))
            self.offset += 1
        self.lane.put(Parcel(records, lambda: self.log.append("acknowledged"), lambda: self.held))

    async def run(self) -> bool:
        task = asyncio.create_task(self.lane.run())
        try:
            await until(lambda: task.done() or (not self.lane._queue and "acknowledged" in self.log))
        finally:
            self.closing.set()
            self.lane.close()
        return await task


async def test_what_waits_together_is_worked_together() -> None:
    bench = Bench()
    bench.put(Note(key="a", n=0))
    bench.put(Note(key="b", n=1), Note(key="a", n=2))
    assert await bench.run()
    assert bench.log == ["did 0 1 2", "acknowledged", "acknowledged"]


async def test_a_failing_record_holds_back_its_own_key_and_no_other() -> None:
    bench = Bench(n1=3)  # once in the batch, twice alone
    bench.put(Note(key="a", n=0), Note(key="b", n=1), Note(key="b", n=2), Note(key="c", n=3))
    await bench.run()
    assert bench.log == ["did 0", "did 3", "did 1", "did 2", "acknowledged"]


async def test_a_record_that_fails_three_times_alone_is_buried_and_its_key_goes_on() -> None:
    bench = Bench(n1=99)
    bench.put(Note(key="a", n=0), Note(key="b", n=1), Note(key="b", n=2))
    await bench.run()
    assert bench.log == ["did 0", "buried 1 poison", "did 2", "acknowledged"]
    assert bench.left[1] == 99 - 4


async def test_every_record_may_be_poisonous() -> None:
    bench = Bench(**{f"n{n}": 99 for n in range(6)})
    bench.put(*(Note(key=f"k{n % 2}", n=n) for n in range(6)))
    await bench.run()
    assert sorted(bench.log[:-1]) == [f"buried {n} {Reason.POISON}" for n in range(6)]
    assert bench.log[-1] == "acknowledged"


@pytest.mark.parametrize("value", [b"", b"\xff", b"[" * 100_000, b'{"key": "a"}', b"null"])
async def test_whatever_stands_on_the_stream_is_buried_and_not_raised(value: bytes) -> None:
    bench = Bench()
    bench.put(value, Note(key="a", n=1))
    await bench.run()
    assert bench.log == ["buried 0 undecodable", "did 1", "acknowledged"]


async def test_the_stream_is_waited_for_also_when_a_record_is_tried_alone() -> None:
    bench = Bench(n0=1)
    failures = 0
    did = bench.work

    async def work(given: list[Note]) -> None:
        nonlocal failures
        await did(given)
        if failures < 5:
            failures += 1
            raise StreamError("the disk is full")

    object.__setattr__(bench.lane._binding, "work", work)
    bench.put(Note(key="a", n=0))
    await bench.run()
    assert bench.log == ["did 0"] * 6 + ["acknowledged"]


async def test_what_went_to_another_worker_is_not_worked_here() -> None:
    bench = Bench()
    bench.held = False
    bench.put(Note(key="a", n=0))
    task = asyncio.create_task(bench.lane.run())
    await until(lambda: not bench.lane._queue)
    bench.held = True
    bench.put(Note(key="a", n=1))
    await until(lambda: "acknowledged" in bench.log)
    bench.closing.set()
    bench.lane.close()
    assert await task
    assert bench.log == ["did 1", "acknowledged"]


async def test_a_cancelled_lane_acknowledges_nothing() -> None:
    bench = Bench()
    begun = asyncio.Event()

    async def hang(given: list[Note]) -> None:
        begun.set()
        await asyncio.sleep(3600)

    object.__setattr__(bench.lane._binding, "work", hang)
    bench.put(Note(key="a", n=0))
    task = asyncio.create_task(bench.lane.run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.log == []

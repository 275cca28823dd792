"""Tasks in the air: counted, waited for, dropped, and never lost with what a defect ended them with."""

import asyncio

import pytest

from engine.agents.air import Air


async def test_what_is_in_the_air_is_known_by_its_key_and_counted_by_whom_it_is_with() -> None:
    air: Air[int] = Air()
    done = asyncio.Event()

    async def work() -> None:
        await done.wait()

    for number, of in enumerate(["a", "a", "b"]):
        air.begin(number, work(), "work", of)
    assert (2 in air, 3 in air, len(air), air.counts()) == (True, False, 3, {"a": 2, "b": 1})
    done.set()
    await air.end()
    assert (2 in air, len(air), air.counts()) == (False, 0, {})


async def test_a_defect_is_heard_when_its_task_lands_and_the_others_stay() -> None:
    air: Air[str] = Air()

    async def fail() -> None:
        raise RuntimeError("a defect")

    air.begin("bad", fail(), "work")
    air.begin("good", asyncio.sleep(60), "work")
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="a defect"):
        air.land()
    assert ("bad" in air, "good" in air) == (False, True)
    air.drop()


async def test_who_does_not_wait_for_the_end_drops_what_is_in_the_air() -> None:
    air: Air[str] = Air()
    air.begin("long", asyncio.sleep(60), "work")
    [task] = air.tasks
    ending = asyncio.create_task(air.end())
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()

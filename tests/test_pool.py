"""A function that does not come back is stopped, and the next one runs."""

import asyncio
import os
import timeit
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import pool as module
from engine.errors import SourceError
from engine.pool import OverrunError, Pool
from engine.sources.calendar.split import split


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool()
    yield pool
    await pool.close()


def pid(pool: Pool) -> int:
    assert pool._process is not None
    return pool._process.pid


async def test_a_function_gives_its_answer(pool: Pool) -> None:
    assert await pool.run(5, divmod, 17, 5) == (3, 2)


async def test_what_it_raises_is_raised_here_with_its_remedy(pool: Pool) -> None:
    with pytest.raises(SourceError) as caught:
        await pool.run(5, split, "no calendar")
    assert caught.value.remedy


async def test_one_that_loops_is_stopped_and_its_process_lives_on(pool: Pool) -> None:
    await pool.run(5, len, "")
    before = pid(pool)
    with pytest.raises(OverrunError, match=r"over 0\.1 s"):
        await pool.run(0.1, timeit.timeit, "pass", number=10**12)
    assert await pool.run(5, len, "abc") == 3
    assert pid(pool) == before


async def test_one_that_hears_nothing_is_killed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await pool.run(5, len, "")
    before = pid(pool)
    monkeypatch.setattr(module, "START_SECONDS", 0.1)
    with pytest.raises(OverrunError, match="killed"):
        await pool.run(0.01, sum, range(10**12))
    monkeypatch.undo()
    assert await pool.run(5, len, "abc") == 3
    assert not Path(f"/proc/{before}").exists()


async def test_one_that_wants_all_memory_does_not_get_it(pool: Pool) -> None:
    with pytest.raises(OverrunError, match="MB"):
        await pool.run(5, bytes, 10**11)
    assert await pool.run(5, len, "abc") == 3


async def test_one_that_takes_its_process_along_is_told_apart(pool: Pool) -> None:
    with pytest.raises(OverrunError, match="died"):
        await pool.run(5, os._exit, 1)
    assert await pool.run(5, len, "abc") == 3


async def test_what_a_function_prints_does_not_stand_among_the_answers(pool: Pool) -> None:
    await pool.run(5, print, "hello")
    assert await pool.run(5, len, "abc") == 3


async def test_a_caller_that_goes_away_leaves_no_answer_for_the_next(pool: Pool) -> None:
    await pool.run(5, len, "")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pool.run(5, timeit.timeit, "pass", number=10**8)
    assert await pool.run(5, len, "abc") == 3


async def test_callers_take_turns(pool: Pool) -> None:
    words = ["a" * n for n in range(50)]
    assert await asyncio.gather(*(pool.run(5, len, word) for word in words)) == list(range(50))


async def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        pool = Pool()
        with pytest.raises(OverrunError):
            await pool.run(5, os._exit, 1)
        await pool.run(5, len, "")
        child = pid(pool)
        await pool.close()
        assert not Path(f"/proc/{child}").exists()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1

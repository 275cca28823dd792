"""The demo's children: one that dies says why, and none is left behind."""

import os
from collections.abc import Sequence

import pytest

from engine.demo.child import start
from engine.errors import TocsinError

READY = "import signal, sys, time; print('ready 42', flush=True); "


def python(code: str) -> Sequence[str]:
    return ("-c", code)


async def test_a_child_that_is_ready_says_so_and_is_ended() -> None:
    async with start("cat", *python(READY + "time.sleep(600)")) as child:
        assert (await child.expect(r"^ready (\d+)$"))[1] == "42"
        pid = child.process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_child_that_dies_before_it_is_ready_is_reported_with_its_last_words() -> None:
    async with start("cat", *python("print('first'); raise SystemExit('no such mouse')")) as child:
        with pytest.raises(TocsinError, match="the cat ended instead of coming up") as raised:
            await child.expect("^ready")
    assert "| first" in raised.value.message
    assert "| no such mouse" in raised.value.message


async def test_a_child_that_dies_later_is_reported_with_its_code() -> None:
    async with start("cat", *python(READY + "print('tired'); sys.exit(3)")) as child:
        await child.expect("^ready")
        with pytest.raises(TocsinError, match="the cat ended with code 3") as raised:
            await child.live()
    assert "| tired" in raised.value.message

"""The door leaves the process as it found it."""

import asyncio
import logging
import signal
from pathlib import Path

import pytest

from engine.agents.app import Carrier
from engine.errors import StreamError
from engine.topics import EVENTS, VERSION, VERSION_HEADER
from engine.transport.ground import Embedded
from engine.transport.log import Log
from tests.contracts.transport import NOTES, Run, notes, until


def log_of(run: Run) -> Log:
    assert isinstance(run.stream._ground, Embedded)
    return run.stream._ground.log


async def test_signals_logging_and_the_folder_are_left_alone(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), logging.getLogger().level, list(logging.getLogger().handlers)
    async with Run(f"sqlite:///{tmp_path}/s.db"):
        assert (signal.getsignal(signal.SIGTERM), logging.getLogger().level, logging.getLogger().handlers) == before


async def test_every_record_says_in_which_version_it_was_written(tmp_path: Path) -> None:
    async with Run(f"sqlite:///{tmp_path}/s.db") as run:
        await run.stream.publish(NOTES, notes(1, keys=1))
        log = log_of(run)
        found = await log.read({("notes", n): 0 for n in range(12)}, 10, 1 << 20)
        [record] = [record for records in found.values() for record in records]
        assert record.headers == ((VERSION_HEADER, VERSION),)
        assert record.key == b"k0"


async def test_each_hop_is_an_agent_of_faust(tmp_path: Path) -> None:
    async with Run(f"sqlite:///{tmp_path}/s.db") as run:
        app = run.stream._app
        assert isinstance(app, Carrier)
        assert list(app.agents) == ["read"]
        assert {tp.topic for tp in app.consumer.assignment()} == {"notes"}


async def test_a_topic_that_no_hop_reads_can_be_published_and_owned(tmp_path: Path) -> None:
    async with Run(f"sqlite:///{tmp_path}/s.db") as run:
        assert run.stream.owns("anna")
        assert EVENTS.name not in run.stream.lag()


async def test_old_records_are_deleted_at_the_start(tmp_path: Path) -> None:
    async with Run(f"sqlite:///{tmp_path}/s.db") as run:
        await run.stream.publish(NOTES, notes(50))
        await until(lambda: len(run.seen) == 50)
    later = Run(f"sqlite:///{tmp_path}/s.db")
    now = later.stream._clock()
    later.stream._clock = lambda: now + 2 * NOTES.retention
    async with later:
        log = log_of(later)
        places = {("notes", n): 0 for n in range(12)}
        async with asyncio.timeout(60):
            while any((await log.read(places, 1, 1)).values()):
                await asyncio.sleep(0.01)
        await later.stream.publish(NOTES, notes(3, start=50))
        await until(lambda: len(later.seen) == 3)
    assert sorted(later.numbers()) == [50, 51, 52]


async def test_a_start_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    async with Run(url):
        second = Run(url)
        with pytest.raises(StreamError, match="holds this stream"):
            await second.stream.start()
        await second.stream.stop()
    async with Run(url) as third:
        await third.stream.publish(NOTES, notes(1))
        await until(lambda: third.seen)

"""A small engine to be killed: publishes numbers, writes down the ones its hop was given, ends when all are done."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.agents.app import Binding, Stream
from tests.contracts.transport import NOTES, Note


def append(path: Path, text: str) -> None:
    """One write, so that a kill leaves a whole number of lines."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, text.encode())
    os.close(descriptor)


async def main(url: str, file: Path, total: int) -> None:
    published = file.with_suffix(".published")
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)

    async def work(given: list[Note]) -> None:
        await asyncio.sleep(0.005)
        append(file.with_suffix(".seen"), "".join(f"{note.n}\n" for note in given))

    async def bury(letter: object) -> None:
        raise AssertionError(letter)

    def fatal(error: BaseException) -> None:
        print(repr(error), file=sys.stderr)
        os._exit(70)

    stream = Stream(url, [Binding("write", NOTES, work)], bury=bury, fatal=fatal, clock=lambda: datetime.now(UTC))
    await stream.start()
    next_one = int(published.read_text().split()[-1]) if published.exists() else 0
    while next_one < total and not done.is_set():
        await stream.publish(NOTES, [Note(key=f"k{n % 31}", n=n) for n in range(next_one, next_one + 20)])
        next_one += 20
        append(published, f"{next_one}\n")
        await asyncio.sleep(0.002)
    while not done.is_set() and any(stream.lag().values()):
        await asyncio.sleep(0.01)
    if not await stream.drain(30):
        os._exit(71)
    await stream.stop()


asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))

"""What Faust costs over the bare log, and how long one record takes on an idle line.

    python benchmarks/stream.py [RECORDS]

Prints ratios of one run on one machine: the log's own append and read is 1.00. Two cores are enough.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from engine.agents.app import Binding, Stream
from engine.topics import Topic
from engine.transport.log import Log
from engine.transport.record import Entry

CHUNK = 500


class Note(BaseModel):
    """About 1 kB, as a short mail is."""

    key: str
    at: float = 0.0
    body: str = "x" * 900


NOTES = Topic("notes", TypeAdapter(Note), key="key")


async def bare(folder: Path, topic: Topic, nouns: Sequence[Any]) -> float:
    """Records a second through the log alone: encode, append in chunks, read back, decode."""
    log = Log(folder / "bare.db")
    await log.open()
    await log.declare({topic.name: 12})
    count = len(nouns)
    begun = time.perf_counter()
    for start in range(0, count, CHUNK):
        chunk = [topic.encode(noun) for noun in nouns[start : start + CHUNK]]
        await log.append([Entry(topic.name, n % 12, 0, key, value) for n, (key, value) in enumerate(chunk)])
    at = {(topic.name, n): 0 for n in range(12)}
    read = 0
    while read < count:
        for place, records in (await log.read(at, CHUNK, 1 << 21)).items():
            at[place] += len(records)
            read += len(records)
            for record in records:
                topic.decode(record.value or b"")
    rate = count / (time.perf_counter() - begun)
    await log.close()
    return rate


async def carried(folder: Path, count: int) -> tuple[float, list[float]]:
    """Records a second from publish to a hop that does nothing, and the seconds one takes on an idle line."""
    taken: list[float] = []
    read = 0
    done = asyncio.Event()

    async def work(given: list[Any]) -> None:
        nonlocal read
        read += len(given)
        taken.extend(time.perf_counter() - note.at for note in given if note.at)
        if read >= count:
            done.set()

    async def bury(letter: object) -> None:
        raise AssertionError(letter)

    url = f"sqlite:///{folder}/carried.db"
    stream = Stream(url, [Binding("read", NOTES, work)], bury=bury, fatal=print, clock=lambda: datetime.now(UTC))
    await stream.start()
    for n in range(200):
        await stream.publish(NOTES, [Note(key=f"k{n}", at=time.perf_counter())])
        await asyncio.sleep(0.005)
    read = 0
    begun = time.perf_counter()
    for start in range(0, count, CHUNK):
        await stream.publish(NOTES, [Note(key=f"k{n % 997}") for n in range(start, start + CHUNK)])
    await done.wait()
    rate = count / (time.perf_counter() - begun)
    await stream.drain(5)
    await stream.stop()
    return rate, taken


async def main(count: int) -> None:
    """Three runs of each, the medians."""
    ratios, rates, waits = [], [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            alone = await bare(Path(folder), NOTES, [Note(key=f"k{n % 997}") for n in range(count)])
            rate, taken = await carried(Path(folder), count)
        rates.append(rate)
        ratios.append(rate / alone)
        waits += taken
    print(
        f"through Faust: {statistics.median(rates):,.0f} records/s, x{statistics.median(ratios):.2f} of the bare log"
    )
    print(
        f"publish to hop, idle: median {statistics.median(waits) * 1e3:.2f} ms, p99 {sorted(waits)[-6] * 1e3:.2f} ms"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000))

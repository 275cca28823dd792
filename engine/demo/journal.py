"""What the virtual phone did, one JSON line a request, on the disk before anybody is answered.

The proofs judge the engine by this file: what it says was taken, was taken.
"""

import asyncio
import fcntl
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, Field

from engine.noun import Noun


class Did(StrEnum):
    """What the phone did with a request."""

    TAKEN = "taken"
    """It has the message. Two lines with one reference are two messages."""
    DUPLICATE = "duplicate"
    """It already had it, and did not take it a second time."""
    REFUSED = "refused"
    BUSY = "busy"
    FAILED = "failed"
    """It answered 500 and did not take the message."""
    DROPPED = "dropped"
    """It hung up and did not take the message."""
    ASKED = "asked"
    REPORTED = "reported"
    """A delivery report was answered with 200."""


class Enclosed(Noun):
    """A file that came with a message, as far as the phone knows it."""

    name: str = Field(max_length=200)
    type: str = Field(max_length=200)
    bytes: int
    url: str = Field(max_length=2000)


class Line(Noun):
    """One line. `seq` only rises, also over restarts; `id` is the phone's own reference, made of it."""

    seq: int
    at: AwareDatetime
    did: Did
    ref: str = ""
    id: str = ""
    to: str = ""
    sender: str = ""
    channel: str = ""
    text: str = ""
    media: tuple[Enclosed, ...] = ()
    provider_class: str = ""
    answer: str = ""
    """What was answered: a status, ``none`` (hung up), ``late``, ``garbage``."""
    reason: str = ""
    report: str = ""
    """The delivery report that is owed for it, or that was given."""


class Journal:
    """An append-only file. Lines that arrive together share one fsync."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Its last line may be torn by a kill: nobody was answered for it, it is cut off.

        Raises BlockingIOError when another phone writes to it, ValueError when it is not a journal.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two writers would each number their own lines
            self.lines = self._read(path)
            """What stood in the file when it was opened."""
        except BaseException:
            os.close(self._file)
            raise
        self._seq = self.lines[-1].seq if self.lines else 0
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    def _read(self, path: Path) -> Sequence[Line]:
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        if torn:
            os.ftruncate(self._file, len(whole) + 1 if whole else 0)
        return [Line.model_validate_json(line) for line in whole.splitlines()]

    def compose(self, did: Did, **said: Any) -> Line:
        """A line with the next number, not yet written."""
        self._seq += 1
        return Line(seq=self._seq, at=datetime.now(UTC), did=did, **said)

    async def write(self, line: Line) -> None:
        """Return when the disk has `line`. Lines are written in the order of these calls."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((line.model_dump_json(exclude_defaults=True).encode() + b"\n", written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await written

    async def append(self, did: Did, **said: str) -> None:
        """Compose and write."""
        await self.write(self.compose(did, **said))

    async def close(self) -> None:
        """Write what waits and close the file."""
        if self._writer is not None:
            await self._writer
        os.close(self._file)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(_write_all, self._file, b"".join(line for line, _ in batch))
            except OSError as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                return
            for _, written in batch:
                if not written.done():
                    written.set_result(None)


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)

"""Debian's gammu-smsd as a real process, with the phone that gammu has built in: it takes everything."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from tests.servers import require

_CONFIGURATION = """\
[gammu]
model = dummy
connection = none
device = {folder}/phone
gammuloc = /dev/null

[smsd]
service = files
logfile = {folder}/log
debuglevel = 1
commtimeout = 1
loopsleep = 1
checkbattery = 0
checksignal = 0
checksecurity = 0
transmitformat = auto
inboxpath = {folder}/spool/inbox/
outboxpath = {folder}/spool/outbox/
sentsmspath = {folder}/spool/sent/
errorsmspath = {folder}/spool/error/
"""
_SENT = re.compile(r"Transmitted OUT\w_\S+?_(\S+)\.txt \(total: (\d+)\) to (\+\d+)")


class Gammu:
    """The daemon's folders and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        for name in ("phone", "spool/inbox", "spool/outbox", "spool/sent", "spool/error"):
            (folder / name).mkdir(parents=True)
        (folder / "smsdrc").write_text(_CONFIGURATION.format(folder=folder))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Gammu"]:
        """The daemon sends what is in `outbox` while this lasts."""
        require("gammu-smsd")
        quiet, utf8 = asyncio.subprocess.DEVNULL, {**os.environ, "LC_ALL": "C.UTF-8"}
        process = await asyncio.create_subprocess_exec(
            *("gammu-smsd", "-c", str(self.folder / "smsdrc")), stdout=quiet, stderr=quiet, env=utf8
        )
        try:
            yield self
        finally:
            process.kill()
            await process.wait()

    async def receive(self, sender: str, text: str) -> None:
        """A phone has sent this: it waits in the modem until the daemon runs."""
        require("gammu")
        (self.folder / "phone/sms/1").mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *("gammu", "-c", str(self.folder / "smsdrc"), "savesms", "TEXT", "-folder", "1", "-unread"),
            *("-sender", sender, "-unicode", "-len", "1000"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        await process.communicate(text.encode())
        assert process.returncode == 0

    def sent(self) -> list[tuple[str, int, str]]:
        """What went over the air, by its log: (reference, parts, number)."""
        log = self.folder / "log"
        found = _SENT.findall(log.read_text(errors="replace")) if log.exists() else []
        return [(ref, int(parts), number) for ref, parts, number in found]

    async def until_sent(self, count: int) -> None:
        """Wait for so many messages."""
        async with asyncio.timeout(60):
            while len(self.sent()) < count:
                await asyncio.sleep(0.1)

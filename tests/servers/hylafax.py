"""Debian's HylaFAX in a folder of its own, with two soft modems on a line: what one sends, the other receives."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.pymap_server import free_port
from tests.servers.softline import load

DAEMONS = ("faxq", "hfaxd", "faxgetty", "faxmodem")
SPOOL, CONFIGURATION = Path("/var/spool/hylafax"), Path("/etc/hylafax")
#: The line runs so many times as fast as a telephone line.
SPEED = 4

_SERVER = """\
CountryCode: 31
AreaCode: 20
LongDistancePrefix: 0
InternationalPrefix: 00
DialStringRules: etc/dialrules
LogFacility: daemon
"""
_MODEM = """
CountryCode: 31
AreaCode: 20
FAXNumber: +31205550000
LocalIdentifier: "{name}"
RingsBeforeAnswer: 1
"""


def _lacks() -> str:
    if os.geteuid() != 0:
        return "not root"
    lost = [name for name in DAEMONS if not Path("/usr/sbin", name).exists()]
    lost += [name for name in ("gs", "openssl") if shutil.which(name) is None]
    try:
        load()
    except OSError:
        lost.append("libspandsp2")
    return f"no {', '.join(lost)}" if lost else ""


@dataclass
class HylafaxServer:
    """The daemons, the modems and the line."""

    folder: Path
    port: int
    modems: tuple[str, str]
    password: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def started(cls, password: str, *, dials: bool = True) -> AsyncIterator["HylafaxServer"]:
        """A server that takes `password`; one that does not dial has no modem, and its jobs wait in the queue.

        Skips the test where HylaFAX is not installed.
        """
        if lacks := _lacks():
            if os.environ.get("TOCSIN_REQUIRE") == "all":
                pytest.fail(f"HylaFAX cannot run: {lacks}")
            pytest.skip(f"HylaFAX cannot run: {lacks}")
        folder = Path(tempfile.mkdtemp(prefix="hylafax-"))
        own = f"ttyT{os.getpid()}"
        made = cls(folder, free_port(), (f"{own}A", f"{own}B"), password)
        try:
            made._write()
            if dials:
                await made._start_line()
            await made._start()
            if dials:
                await made._start_modems()
            yield made
        finally:
            await made._end()

    def start(self, name: str, *command: str) -> None:
        """Start one of the daemons."""
        log = (self.folder / f"{name}.log").open("ab")
        with log:
            self.running[name] = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    async def stop(self, name: str) -> None:
        """Stop one of the daemons."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, 5)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    def start_scheduler(self) -> None:
        """The daemon that hands jobs to modems."""
        self.start("faxq", "/usr/sbin/faxq", "-D", "-q", str(self.folder))

    def received(self) -> list[Path]:
        """What the other modem has taken, as TIFF, in order."""
        return sorted((self.folder / "recvq").glob("fax*.tif"))

    def _write(self) -> None:
        shutil.copytree(SPOOL, self.folder, dirs_exist_ok=True, symlinks=True)
        shutil.copytree(CONFIGURATION, self.folder / "etc", dirs_exist_ok=True)
        etc = self.folder / "etc"
        (etc / "config").write_text(_SERVER)
        for name in self.modems:
            pattern = (SPOOL / "config" / "iaxmodem").read_text()
            (etc / f"config.{name}").write_text(pattern + _MODEM.format(name=name))
        sealed = subprocess.run(
            ["openssl", "passwd", "-1", self.password], check=True, capture_output=True, text=True
        ).stdout.strip()
        hosts = etc / "hosts.hfaxd"
        hosts.write_text(f"127.0.0.1:21:{sealed}\n")
        hosts.chmod(0o600)
        self.folder.chmod(0o755)
        subprocess.run(["chown", "-R", "uucp:uucp", str(self.folder)], check=True)

    async def _start_line(self) -> None:
        links = [f"/dev/{name}" for name in self.modems]
        root = Path(__file__).parents[2]
        command = (sys.executable, "-m", "tests.servers.softline", *links, str(SPEED))
        with (self.folder / "line.log").open("wb") as log:
            self.running["line"] = subprocess.Popen(command, cwd=root, stdout=log, stderr=log)
        await self._until(lambda: all(map(os.path.exists, links)))
        subprocess.run(["chown", "-h", "uucp", *links], check=True)

    async def _start(self) -> None:
        self.start_scheduler()
        self.start("hfaxd", "/usr/sbin/hfaxd", "-d", "-q", str(self.folder), "-l", "127.0.0.1", "-i", str(self.port))
        await self._until(lambda: self._answers() and self._schedules())

    async def _start_modems(self) -> None:
        self.start("faxgetty", "/usr/sbin/faxgetty", "-q", str(self.folder), self.modems[1])
        # As faxgetty tells of its own modem after each call: a job that comes just as a modem is freed would else be
        # overlooked by faxq until something else happens.
        tell = f"/usr/sbin/faxmodem -q {self.folder} {self.modems[0]}"
        lock = f"/var/lock/LCK..{self.modems[0]}"
        self.start("faxmodem", "sh", "-c", f"{tell}; while sleep 5; do [ -e {lock} ] || {tell}; done")

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _schedules(self) -> bool:
        """Whether faxq hears what hfaxd tells it: without it, hfaxd says no to every job."""
        try:
            os.close(os.open(self.folder / "FIFO", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    async def _end(self) -> None:
        for name in reversed(list(self.running)):
            await self.stop(name)
        for name in self.modems:
            Path("/dev", name).unlink(missing_ok=True)
            Path("/var/lock", f"LCK..{name}").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

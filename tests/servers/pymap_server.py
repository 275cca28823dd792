"""pymap in a process of its own: users u1 … uN, password 'secret', mail in memory."""

import asyncio
import contextlib
import itertools
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from tests.servers.client import MailServer

_SCRIPT = Path(__file__).parent / "pymap_users.py"


class PymapServer(MailServer):
    """A running pymap. `stop` and `start` again on the same port for an outage (the mail is gone then)."""

    def __init__(self, users: int) -> None:
        self.users = users
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, users: int = 10) -> AsyncIterator[Self]:
        """A server that is up, and down again at the end."""
        server = cls(users)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "ignore", str(_SCRIPT), str(self.users)),
            *("--host", self.host, "--port", str(self.port), "--no-tls", "dict"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        await wait_for_port(self.host, self.port, self._process)

    async def stop(self) -> None:
        """End the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


#: Below those that systems take for outgoing connections, of which one could be taken before the server has started;
#: each process begins elsewhere.
_ports = itertools.count(os.getpid() * 7919)


def free_port() -> int:
    """A port of this machine that nobody uses, and that this process gives to nobody else."""
    while True:
        port = 10_000 + next(_ports) % 20_000
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


async def wait_for_port(host: str, port: int, process: asyncio.subprocess.Process, patience: float = 30) -> None:
    """Wait until somebody accepts connections. Raises RuntimeError when the process ended, TimeoutError."""
    async with asyncio.timeout(patience):
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"the server ended with {process.returncode}")
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return

"""Debian's tinyproxy as a real process on loopback, the only one that knows where the hosts of a test are.

Whatever is at a private address is called directly, so a test needs a host that looks like one of the internet and
leads here. Debian's nss_wrapper gives the proxy's process a hosts file of its own: nobody else can resolve those
names, and what arrives has gone through the proxy.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from engine.proxy import Proxy
from tests.servers import absent, require
from tests.servers.pymap_server import free_port

HOST = "sms.provider.example"
USER, PASSWORD = "tocsin", "proxy-4711-secret"

_CONFIGURATION = """\
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
BasicAuth {user} {password}
LogFile "{folder}/log"
LogLevel Connect
MaxClients 20
Timeout 30
"""


class Tinyproxy:
    """The proxy, what it knows, and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        (folder / "hosts").write_text(f"127.0.0.1 {HOST}\n127.0.0.1 localhost\n")
        words = _CONFIGURATION.format(port=self.port, user=USER, password=PASSWORD, folder=folder)
        (folder / "tinyproxy.conf").write_text(words)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Tinyproxy"]:
        """It listens while this lasts."""
        require("tinyproxy")
        quiet = asyncio.subprocess.DEVNULL
        surroundings = {**os.environ, "LD_PRELOAD": _wrapper(), "NSS_WRAPPER_HOSTS": str(self.folder / "hosts")}
        process = await asyncio.create_subprocess_exec(
            *("tinyproxy", "-d", "-c", str(self.folder / "tinyproxy.conf")),
            stdout=quiet,
            stderr=quiet,
            env={**surroundings, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
        )
        try:
            await self._until_it_listens()
            yield self
        finally:
            process.terminate()
            await process.wait()

    async def _until_it_listens(self) -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    def asked(self) -> list[str]:
        """The first line of every request, by its log."""
        marked = [line.partition("): ")[2] for line in (self.folder / "log").read_text().splitlines()]
        return [line for line in marked if line.endswith(("HTTP/1.1", "HTTP/1.0"))]

    def proxy(self, *, password: str = PASSWORD, direct: tuple[str, ...] = ()) -> Proxy:
        """As engine.yaml would have it."""
        made = {"host": "127.0.0.1", "port": self.port, "user": USER, "password": password, "direct": direct}
        return Proxy.model_validate(made)


def _wrapper() -> str:
    found = next(Path("/usr/lib").glob("*/libnss_wrapper.so"), None)
    return str(found) if found is not None else absent("libnss-wrapper")

"""Debian's Kannel as real processes, every port on loopback: a bearerbox bound to the SMS centre, and a smsbox."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from tests.servers import require
from tests.servers.pymap_server import free_port, wait_for_port
from tests.servers.smsc import Smsc

_BEARERBOX = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin
status-password = status
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
dlr-storage = internal
store-type = file
store-location = "{folder}/store.log"
log-file = "{folder}/bearerbox.log"
log-level = 1

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = tocsin
smsc-password = secret
system-type = ""
interface-version = 34
reconnect-delay = 1
max-pending-submits = {window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1{sender}
http-request-retry = 1000
http-queue-delay = 1
log-file = "{folder}/smsbox.log"
log-level = 1

group = sendsms-user
username = tocsin
password = {password}
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
omit-empty = true
{answer}
"""

#: As docs/kannel.md shows it.
POST_URL = 'post-url = "{address}?token={token}&from=%p&to=%P&charset=%C&at=%T&id=%I"'


class KannelServer:
    """A running gateway with the SMS centre behind it."""

    password = "open-sesame-4711"

    def __init__(self, folder: Path, smsc: Smsc, window: int = 10, inbound: str = "") -> None:
        """`inbound` is the address that texts from phones are brought to; empty: nobody reads them."""
        self.smsc = smsc
        self._answer = POST_URL.format(address=inbound, token=self.password) if inbound else 'text = ""'
        self._window = window
        self.port = free_port()
        self.admin = free_port()
        self._folder = folder
        self._boxes = free_port()
        self._processes: list[asyncio.subprocess.Process] = []

    @property
    def url(self) -> str:
        """Its sendsms."""
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, folder: Path, inbound: str = "") -> AsyncIterator[Self]:
        """A gateway that is up and bound, and down again at the end."""
        require("bearerbox", "smsbox")
        smsc = Smsc()
        await smsc.start()
        server = cls(folder, smsc, inbound=inbound)
        try:
            await server.start()
            yield server
        finally:
            await server.stop()
            await smsc.stop()

    async def start(self) -> None:
        """Start both boxes, and wait until they answer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "kannel.conf"
        file.write_text(
            _BEARERBOX.format(
                admin=self.admin,
                boxes=self._boxes,
                folder=self._folder,
                smsc=self.smsc.port,
                sendsms=self.port,
                password=self.password,
                window=self._window,
                answer=self._answer,
                # With a global-sender it says that every text was sent to that.
                sender="" if "post-url" in self._answer else "\nglobal-sender = 1234",
            )
        )
        for name, port in (("bearerbox", self._boxes), ("smsbox", self.port)):
            await self._start(name, file, port)
        await self._bound()

    async def stop(self) -> None:
        """End both: killed, because with messages in its queue it takes its time to go down."""
        while self._processes:
            process = self._processes.pop()
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def stop_bearerbox(self) -> None:
        """Only the smsbox is left: it answers, and has nowhere to put a message."""
        process = self._processes.pop(0)
        process.kill()
        await process.wait()

    async def _start(self, name: str, file: Path, port: int) -> None:
        environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"}
        process = await asyncio.create_subprocess_exec(
            *(name, "-v", "4", str(file)),
            cwd=self._folder,
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._processes.append(process)
        await wait_for_port("127.0.0.1", port, process)

    async def _bound(self) -> None:
        """Wait until the link to the SMS centre stands."""
        async with asyncio.timeout(30):
            while b"online" not in await self._status():
                await asyncio.sleep(0.05)

    async def _status(self) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.admin)
        writer.write(b"GET /status.txt?password=status HTTP/1.0\r\n\r\n")
        try:
            return await reader.read()
        finally:
            writer.close()

"""A vendor's double in a process of its own, whose journal is on the disk before anybody is answered.

python -m tests.servers.vendors infobip|kannel JOURNAL: prints its port and serves until it is killed. What it has
taken it reports on when it gets SIGUSR1, again and again until it is thanked.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web

from engine.net import Http, NoReplyError, NotSentError
from tests.servers.vendors import Vendor
from tests.servers.vendors.infobip import Infobip, report

_PATIENCE = timedelta(seconds=5)


class Keeper(Vendor):
    """What a vendor with a journal has besides."""

    journal: BinaryIO
    _reporting: set[asyncio.Task[None]]
    _go: asyncio.Event

    def keep(self, journal: Path) -> None:
        """Keep the journal here from now on."""
        self.journal = journal.open("ab", buffering=0)
        self._reporting = set()
        self._go = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._report_all)

    def _report_all(self) -> None:
        self._go.set()  # whoever waits goes on; who comes later waits for the next time
        self._go.clear()

    def note(self, did: str, ref: str, text: str = "") -> None:
        """Write one line and sync it."""
        self.journal.write(json.dumps({"did": did, "ref": ref, "text": text}).encode() + b"\n")
        os.fsync(self.journal.fileno())

    def owe(self, ref: str, method: str, url: str, tree: Any = None) -> None:
        """Report on a message until it is thanked for."""
        task = asyncio.create_task(self._report(ref, method, url, tree))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _report(self, ref: str, method: str, url: str, tree: Any) -> None:
        await self._go.wait()
        while True:
            try:
                reply = await self.http.request(method, url, json=tree, timeout=_PATIENCE)
                if reply.status == 200:
                    return self.note("reported", ref)
            except (NotSentError, NoReplyError):
                pass  # nobody is there just now
            await asyncio.sleep(0.3)


class KeptInfobip(Keeper, Infobip):
    """Knows a message id again, as the vendor does."""

    def take(self, ref: str, fields: dict[str, Any]) -> str:
        self.note("taken", ref, fields["content"]["text"])
        self.owe(ref, "POST", fields["webhooks"]["delivery"]["url"], {"results": [report(ref, 5)]})
        return super().take(ref, fields)

    def _entry(self, ref: str, id: int) -> dict[str, Any]:
        if id == 23:
            self.note("duplicate", ref)
        return super()._entry(ref, id)


class KeptKannel(Keeper):
    """Kannel's sendsms: takes whatever comes, as often as it comes; its reports name the address they were given."""

    driver = "kannel"

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.get("/cgi-bin/sendsms", self._send)]

    async def _send(self, request: web.Request) -> web.Response:
        url = request.query["dlr-url"]
        ref = url.partition("ref=")[2].partition("&")[0]
        self.note("taken", ref, request.query["text"])
        self.take(ref, dict(request.query))
        for name, value in (("%d", "1"), ("%T", str(int(time.time()))), ("%F", f"k{len(self.refs)}"), ("%A", "")):
            url = url.replace(name, value)
        self.owe(ref, "GET", url)
        return web.Response(status=202, text="0: Accepted for delivery")


async def main(name: str, journal: str) -> None:
    """Serve until the end of the process."""
    vendor: Keeper = {"infobip": KeptInfobip, "kannel": KeptKannel}[name]()
    vendor.http = Http()
    vendor.keep(Path(journal))
    await vendor.start()
    print(vendor.listener.url.rpartition(":")[2], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

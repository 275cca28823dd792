"""Calendars on the web, one for each account, that know which process asks for them."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from tests.servers.pymap_server import free_port
from tests.store.office import Appointment


class Look(NamedTuple):
    """One request for a calendar."""

    account: str
    process: int
    """Who asked; 0 when that one was gone before the answer."""


@dataclass
class Feeds:
    """One server with `/{account}.ics` for everybody. `processes`: who may ask."""

    processes: Callable[[], Collection[int]]
    calendars: defaultdict[str, dict[str, Appointment]] = field(default_factory=lambda: defaultdict(dict))
    """By account and UID."""
    looks: list[Look] = field(default_factory=list)
    port: int = field(default_factory=free_port)

    def entry(self, account: str) -> str:
        """As the account's file has it."""
        return f"calendars: [{{name: work, url: 'http://127.0.0.1:{self.port}/{account}.ics', private: true}}]\n"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """It answers."""
        app = web.Application()
        app.router.add_get("/{account}.ics", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        account = request.match_info["account"]
        assert request.transport is not None
        client = request.transport.get_extra_info("peername")[1]
        self.looks.append(Look(account, await asyncio.to_thread(_process, client, self.port, self.processes())))
        text = self._text(account)
        etag = f'"{hash(text)}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(text=text, content_type="text/calendar", headers={"ETag": etag})

    def _text(self, account: str) -> str:
        events = "".join(each.write(uid) for uid, each in sorted(self.calendars[account].items()))
        return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n{events}END:VCALENDAR\n"

    def watchers(self, since: int) -> dict[str, set[int]]:
        """Who asked for each calendar from this look on."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for look in self.looks[since:]:
            found[look.account].add(look.process)
        return dict(found)


def _process(client: int, server: int, among: Collection[int]) -> int:
    """Which of these processes has the connection from port `client` to port `server`, as the kernel sees it."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    ends = {row[9]: tuple(int(end.rpartition(":")[2], 16) for end in row[1:3]) for row in rows}
    for process in among:
        with contextlib.suppress(OSError):
            for each in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(OSError):
                    name = str(each.readlink())
                    if name.startswith("socket:[") and ends.get(name[8:-1]) == (client, server):
                        return process
    return 0

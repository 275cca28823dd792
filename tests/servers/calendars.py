"""Two CalDAV servers that know nothing of each other, and an independent client that writes to them."""

import asyncio
import contextlib
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.servers.pymap_server import free_port, wait_for_port

USER, PASSWORD = "anna", "open-sesame-4711"


def event(uid: str, title: str = "Dentist", start: str = "20270304T090000Z", **more: str) -> str:
    """An appointment as the text of one calendar object."""
    lines = [f"UID:{uid}", f"DTSTAMP:{start}", f"DTSTART:{start}", f"SUMMARY:{title}"]
    lines += [f"{name}:{value}" for name, value in more.items()]
    body = "".join(f"{line}\r\n" for line in ["BEGIN:VEVENT", *lines, "END:VEVENT"])
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{body}END:VCALENDAR\r\n"


class CollectionServer(ABC):
    """A running server. `url` is where its users live."""

    user, password = "", ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path) -> "Iterator[CollectionServer]":
        """A server that is up, and down again at the end."""
        server = cls(folder)
        with asyncio.Runner() as runner:
            runner.run(server.start())
            try:
                yield server
            finally:
                runner.run(server.stop())

    async def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "ignore", *self.words()),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        await wait_for_port("127.0.0.1", self.port, self._process)

    async def stop(self) -> None:
        """End the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @abstractmethod
    def words(self) -> list[str]:
        """The command line after `python`."""

    def make_calendar(self, name: str) -> "Calendar":
        """A new, empty calendar."""
        return Calendar(self, name)


class Radicale(CollectionServer):
    """Wants a password; answers 403 to a token that it does not know."""

    user, password = USER, PASSWORD

    def words(self) -> list[str]:
        users = self.folder / "users"
        users.write_text(f"{self.user}:{self.password}\n")
        config = self.folder / "radicale.conf"
        config.write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {self.folder / 'data'}\n"
        )
        return ["-m", "radicale", "--config", str(config)]


class Xandikos(CollectionServer):
    """Wants no password; answers 412 to a token that it does not know. A git repository lies under it."""

    def words(self) -> list[str]:
        where = ["-d", str(self.folder / "data"), "-l", "127.0.0.1", "-p", str(self.port)]
        return ["-m", "xandikos", "serve", *where, "--defaults", "--current-user-principal", f"/{USER}"]


class Calendar:
    """One calendar of a server, written to by the client library `caldav`, which blocks."""

    def __init__(self, server: CollectionServer, name: str) -> None:
        import caldav

        self.server = server
        self._client = caldav.DAVClient(
            url=f"{server.url}/{USER}/", username=server.user or None, password=server.password or None
        )
        homes = f"{server.url}/{USER}/" + ("" if isinstance(server, Radicale) else "calendars/")
        self.url = f"{homes}{name}/"
        self._client.mkcalendar(self.url)
        self._calendar = caldav.Calendar(client=self._client, url=self.url)
        self._objects: dict[str, Any] = {}

    @property
    def path(self) -> str:
        """The path of the calendar on its server."""
        return urlsplit(self.url).path

    def put(self, uid: str, title: str = "Dentist", **more: str) -> None:
        """Write an appointment, new or not."""
        text = event(uid, title, **more)
        if uid in self._objects:
            self._objects[uid].data = text
            self._objects[uid].save()
        else:
            self._objects[uid] = self._calendar.save_event(text)

    def remove(self, uid: str) -> None:
        """Delete an appointment."""
        self._objects.pop(uid).delete()

    def recreate(self) -> None:
        """Delete the calendar with all that is in it, and make an empty one of its name."""
        self._calendar.delete()
        self._objects.clear()
        self._client.mkcalendar(self.url)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

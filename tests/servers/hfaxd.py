"""An hfaxd in memory that can be told how to fail, and that keeps what it took; the real one is in `hylafax.py`."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any


@dataclass
class FaxJob:
    """One job: its parameters as they were given."""

    id: int
    parameters: dict[str, str] = field(default_factory=dict)
    document: bytes = b""
    state: str = "W"
    words: str = ""

    def line(self) -> str:
        """As a listing shows it in the format that the driver asks for."""
        return f"{self.id}|{self.parameters['JOBINFO']}|{self.state}|1|{self.words}"


@dataclass
class Hfaxd:
    """The server; `next` is what it does with the next job."""

    password: str = ""
    port: int = 0
    next: dict[str, Any] = field(default_factory=dict)
    jobs: list[FaxJob] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _server: asyncio.Server | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def running(cls, password: str = "") -> AsyncIterator["Hfaxd"]:
        """Listen on a free port."""
        made = cls(password=password)
        made._server = await asyncio.start_server(made._serve, "127.0.0.1", 0)
        made.port = made._server.sockets[0].getsockname()[1]
        yield made
        await made.stop()

    async def stop(self) -> None:
        """Listen no more, and hang up."""
        if self._server is not None:
            self._server.close()
        for each in self._talks:
            each.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def finish(self, tag: str, state: str, words: str = "") -> None:
        """A call is over."""
        [job] = [each for each in self.jobs if each.parameters["JOBINFO"].endswith(tag)]
        job.state, job.words = state, words

    def _does(self, *words: str) -> bool:
        return self.next.get("do") in words

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        talk = _Talk(self, reader, writer)
        try:
            await talk.run()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(task)
            talk.hang_up()


class _Talk:
    """One connection."""

    def __init__(self, fax: Hfaxd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.fax, self.reader, self.writer = fax, reader, writer
        self.job: FaxJob | None = None
        self.data: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] | None = None
        self.door: asyncio.Server | None = None

    async def run(self) -> None:
        if self.fax._does("busy", "unavailable"):
            self.fax.next = {}
            return self._say("421 Too many connections.")
        self._say("220 fax.example server (HylaFAX (tm) Version 6.0.6) ready.")
        while (line := (await self.reader.readline()).decode().strip()) and line != "QUIT":
            self.fax.said.append(line)
            verb, _, rest = line.partition(" ")
            if not await getattr(self, f"on_{verb.lower()}")(rest):
                return

    def hang_up(self) -> None:
        """Close everything that is open."""
        if self.door is not None:
            self.door.close()
        self.writer.close()

    def _say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())

    async def _ok(self, text: str = "200 Ok.") -> bool:
        self._say(text)
        return True

    async def on_user(self, _: str) -> bool:
        return await self._ok("331 Password required." if self.fax.password else "230 User logged in.")

    async def on_pass(self, given: str) -> bool:
        wrong = given != self.fax.password or self.fax.next.get("reason") == "auth"
        return await self._ok(f"530 Login incorrect: {given}." if wrong else "230 User logged in.")

    async def on_type(self, _: str) -> bool:
        return await self._ok()

    on_jobfmt = on_type

    async def on_pasv(self, _: str) -> bool:
        opened: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
        self.data = opened

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            opened.set_result((reader, writer))

        if self.door is not None:
            self.door.close()
        self.door = await asyncio.start_server(take, "127.0.0.1", 0)
        port = self.door.sockets[0].getsockname()[1]
        return await self._ok(f"227 Entering Passive Mode (10,0,0,1,{port >> 8},{port & 255})")

    async def on_stot(self, _: str) -> bool:
        assert self.data is not None
        name = f"/tmp/doc{next(self.fax.numbers)}.pdf"
        self._say(f"150 FILE: {name} (Opening new data connection).")
        reader, writer = await self.data
        self.fax.documents[name] = await reader.read()
        writer.close()
        return await self._ok("226 Transfer complete.")

    async def on_list(self, queue: str) -> bool:
        assert self.data is not None
        self._say("150 Opening new data connection.")
        _, writer = await self.data
        for job in self.fax.jobs:
            if (job.state in "DF") == (queue == "doneq"):
                writer.write(f"{job.line()}\n".encode())
        writer.write(b"99|somebody else's|D|3|\n")
        await writer.drain()
        writer.close()
        return await self._ok("226 Transfer complete.")

    async def on_jnew(self, _: str) -> bool:
        self.job = FaxJob(next(self.fax.numbers))
        return await self._ok(f"200 New job created: jobid: {self.job.id} groupid: {self.job.id}.")

    async def on_jparm(self, rest: str) -> bool:
        assert self.job is not None
        name, _, value = rest.partition(" ")
        if name == "DIALSTRING" and self.fax.next.get("reason") == "refused":
            self.fax.next = {}
            return await self._ok(f"504 Cannot set {value}.")
        self.job.parameters[name] = re.sub(r'^"|"$', "", value)
        return await self._ok("213 Parameter set.")

    async def on_jsubm(self, _: str) -> bool:
        assert self.job is not None
        done, self.fax.next = self.fax.next, {}
        do = done.get("do", "")
        if do == "drop_before":
            return False
        if do != "fail":
            self.job.document = self.fax.documents[self.job.parameters["DOCUMENT"]]
            self.fax.jobs.append(self.job)
        if do == "drop_after":
            return False
        if do == "late":
            await asyncio.sleep(done["seconds"])
        said = {"fail": "460 Failed to submit job: nobody listens.", "garbage": "hello there"}
        self._say(said.get(do, f"200 Job {self.job.id} submitted."))
        return do != "garbage"

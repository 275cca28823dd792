"""The other sides of real drivers, each a process of its own with a journal that it syncs before it answers."""

import asyncio
import io
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import ClassVar

from benchmarks.gate import Gate
from engine.channels.providers.hylafax.session import LostError, NoError, Session
from tests.contracts.provider import SECRET
from tests.servers.hylafax import HylafaxServer
from tests.servers.installation import ROOT, Person

#: Where a message is taken and its answer on the way; no fail-point of the engine's own, but the gate's.
TAKEN = "taken_unanswered"
ATTEMPT = (
    "attempt_open",
    "attempt_recorded",
    TAKEN,
    "provider_answered",
    "settle_open",
    "settled",
    "unknown_recorded",
)
RECEIPT = ("receipt_taken", "receipt_open", "receipt_applied")
#: Of those who report by HTTP.
CALLBACK = ("callback_published", *RECEIPT)


class Peer:
    """One other side, the gate before it, and how the engine is told of it."""

    name: ClassVar[str]
    provider_class: ClassVar[str]
    #: The bytes that hand over a message.
    mark: ClassVar[bytes]
    #: The fail-points that its messages pass.
    points: ClassVar[tuple[str, ...]] = (*ATTEMPT, *RECEIPT)
    person: ClassVar[Person]
    channel: ClassVar[str] = "sms"
    #: `to` in the rules.
    to: ClassVar[str] = "me"
    tariff: ClassVar[str]
    _gate: Gate | None = None

    @property
    def gate(self) -> Gate:
        """What stands between the engine and it, once it is started."""
        assert self._gate is not None
        return self._gate

    async def start(self, folder: Path) -> None:
        """Start it and the gate."""
        port = await self._start(folder)
        self._gate = Gate(port, self.mark)
        await self._gate.start()

    async def _start(self, folder: Path) -> int:
        """Start it; answers where it listens."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End what was started of both."""
        if self._gate is not None:
            await self._gate.stop()

    def settings(self) -> str:
        """What stands in engine.yaml for it."""
        raise NotImplementedError

    def texts(self) -> list[str]:
        """What it took, by its own journal."""
        raise NotImplementedError

    def owes(self) -> bool:
        """Whether it has reports to bring yet."""
        raise NotImplementedError

    async def finish(self) -> None:
        """End what is under way, so that there is something to report."""

    def said_again(self) -> int:
        """How often it knew a message again, or was asked for one: the class at work."""
        return 0


class Journaled(Peer):
    """A process that writes JSON lines and says its port on its output."""

    command: ClassVar[Sequence[str]]
    _process: asyncio.subprocess.Process | None = None

    async def _start(self, folder: Path) -> int:
        self._journal = folder / f"{self.name}.jsonl"
        self._process = await asyncio.create_subprocess_exec(
            *(each.format(journal=self._journal) for each in self.command),
            cwd=ROOT,
            env={**os.environ, "JOURNAL": str(self._journal)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        return int(await asyncio.wait_for(self._process.stdout.readline(), 120))

    async def stop(self) -> None:
        await super().stop()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _lines(self, did: str) -> list[dict[str, str]]:
        whole = self._journal.read_text().rpartition("\n")[0] if self._journal.exists() else ""
        return [line for line in map(json.loads, whole.splitlines()) if line["did"] == did]

    def texts(self) -> list[str]:
        return [line["text"] for line in self._lines("taken")]

    def owes(self) -> bool:
        return len(self._lines("taken")) > len({line["ref"] for line in self._lines("reported")})

    def said_again(self) -> int:
        return len(self._lines("duplicate"))


class Double(Journaled):
    """A vendor's double: it reports when it is told to."""

    async def finish(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)


class Infobip(Double):
    """Infobip's double: it knows our message id again."""

    name = "infobip"
    provider_class = "idempotent"
    mark = b"POST /sms/3/messages"
    points = (*ATTEMPT, *CALLBACK)
    person = Person("ida", "+32470000001", "u1", provider="infobip")
    tariff = "sms:\n  - {prefix: '+32', price: '0.08', provider: infobip}\n"
    command = (sys.executable, "-m", "tests.servers.vendors", "infobip", "{journal}")

    def settings(self) -> str:
        return (
            f"  infobip: {{driver: infobip, url: 'http://127.0.0.1:{self.gate.port}', key: '{SECRET}',"
            " sender: Tocsin, timeout: 2s}\n"
        )


class Kannel(Double):
    """Kannel's sendsms: opaque, but its reports carry our own reference."""

    name = "kannel"
    provider_class = "opaque"
    mark = b"GET /cgi-bin/sendsms"
    points = (*ATTEMPT, *CALLBACK)
    person = Person("otto", "+46701740605", "u1", provider="kannel")
    tariff = "sms:\n  - {prefix: '+46', price: '0.08', provider: kannel}\n"
    command = (sys.executable, "-m", "tests.servers.vendors", "kannel", "{journal}")

    def settings(self) -> str:
        return (
            f"  kannel: {{driver: kannel, url: 'http://127.0.0.1:{self.gate.port}/cgi-bin/sendsms', user: tocsin,"
            f" password: '{SECRET}', timeout: 2s}}\n"
        )


class Smpp(Journaled):
    """An SMS centre by npm's smpp: opaque; its receipts show our reference again."""

    name = "smpp"
    provider_class = "opaque"
    mark = b"\x00\x00\x00\x04\x00\x00\x00\x00"
    person = Person("sven", "+46701740605", "u1", provider="smpp")
    tariff = "sms:\n  - {prefix: '+46', price: '0.08', provider: smpp}\n"
    command = ("node", "tests/servers/node/keeper.js")

    def settings(self) -> str:
        return (
            f"  smpp: {{driver: smpp, host: 127.0.0.1, port: {self.gate.port}, system_id: tocsin,"
            " password: secret, sender: Tocsin, timeout: 2s, reference_tag: 0x1400}\n"
        )


class Hylafax(Peer):
    """Debian's hfaxd and faxq without a modem: a job waits in the queue, which is the journal, until we end it."""

    name = "hylafax"
    provider_class = "queryable"
    mark = b"JSUBM"
    person = Person("quinn", "+31612345678", "u1", provider="hylafax")
    channel = "fax"
    to = "office"
    tariff = "fax:\n  - {prefix: '+31', price: '0.08', provider: hylafax}\n"
    _server: HylafaxServer
    _running: AbstractAsyncContextManager[HylafaxServer] | None = None

    async def _start(self, folder: Path) -> int:
        self._running = HylafaxServer.started(SECRET, dials=False)
        self._server = await self._running.__aenter__()
        self._read: dict[Path, str] = {}
        return self._server.port

    async def stop(self) -> None:
        await super().stop()
        if self._running is not None:
            await self._running.__aexit__(None, None, None)

    def settings(self) -> str:
        return (
            f"  hylafax: {{driver: hylafax, port: {self.gate.port}, password: '{SECRET}', dial: '00{{digits}}',"
            " timeout: 3s, poll: 1s, kept: 1d}\n"
        )

    def texts(self) -> list[str]:
        found: dict[str, str] = {}  # by job: one that moves between the queues may be seen in both
        for file in [*self._jobs("sendq"), *self._jobs("doneq")]:
            with suppress(FileNotFoundError):
                document = re.search(r"^pdf:.*:(\S+)$", file.read_text(), re.MULTILINE)
                if document is not None:  # else it is just being written
                    found[file.name] = self._page(document[1])
        return list(found.values())

    def _jobs(self, queue: str) -> list[Path]:
        return sorted((self._server.folder / queue).glob("q[0-9]*"))

    def _page(self, place: str) -> str:
        """What stands on the pages."""
        from pypdf import PdfReader

        document = self._server.folder / place
        if document not in self._read:
            pages = PdfReader(io.BytesIO(document.read_bytes())).pages
            self._read[document] = "\n".join(page.extract_text() for page in pages)
        return self._read[document]

    def owes(self) -> bool:
        return bool(self._jobs("sendq"))

    async def finish(self) -> None:
        async with Session("127.0.0.1", self._server.port) as session:
            await session.sign_in("tocsin", SECRET)
            for each in self._jobs("sendq"):
                with suppress(NoError, LostError):
                    await session.say(f"JKILL {each.name[1:]}")


PEERS: dict[str, type[Peer]] = {each.name: each for each in (Infobip, Hylafax, Smpp, Kannel)}

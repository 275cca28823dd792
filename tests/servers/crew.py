"""Several engines for one configuration: real processes with one stream, one store, one mail server and one phone."""

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.store import ledger
from tests.servers.client import MailServer
from tests.servers.installation import Installation, Person, Phone
from tests.servers.letters import letter

RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Alarm, when: {subject: alarm}, notify: {to: me, text: "{subject}"}}
"""


def people(count: int) -> list[Person]:
    """So many accounts with a mailbox each."""
    return [Person(f"a{n}", f"+3247{n:07d}", f"u{n}", parts=1_000_000) for n in range(1, count + 1)]


@dataclass
class Crew:
    """The workers. Each has a folder of its own, since on one machine each needs a port of its own."""

    folder: Path
    stream_url: str
    store_url: str
    people: Sequence[Person]
    server: MailServer
    phone: Phone | None = None
    workers: list[Installation] = field(default_factory=list)
    delivered: dict[str, str] = field(default_factory=dict)
    """The subject of each mail that was delivered, or whatever else an SMS must say, and whose it is."""
    rules: str = RULES
    """The global ones."""
    provider_class: str = "idempotent"

    async def hire(self, *, failpoint: str = "") -> Installation:
        """One more worker, running. At its fail-point it ends by itself."""
        folder = self.folder / f"worker{len(self.workers)}"
        folder.mkdir()
        worker = Installation(folder, stream_url=self.stream_url, store_url=self.store_url)
        if self.phone is None:
            self.phone = await worker.start_phone(provider_class=self.provider_class)
        worker.phones["phone"] = self.phone
        worker.write(self.people, self.server, shared=self.rules)
        self.workers.append(worker)
        assert await worker.start_engine(failpoint=failpoint), worker.log.read_text()
        return worker

    async def dismiss(self, worker: Installation, how: signal.Signals) -> None:
        """End one of them."""
        await worker.end_engine(how)

    def alive(self) -> set[int]:
        """The processes of those that have not ended."""
        return {each.engine.pid for each in self.workers if each.engine and not each.ended}

    def connections(self) -> list[int]:
        """How many connections to the mail server each living worker has, as the kernel sees it: a mailbox is
        watched over one."""
        return [_connections(process, self.server.port) for process in sorted(self.alive())]

    async def shared_out(self, patience: float = 60) -> None:
        """Wait until there are as many watchers as mailboxes, and every worker has some."""

        def done() -> bool:
            counts = self.connections()
            return sum(counts) == len(self.people) and all(counts)

        await self.workers[0].until(done, f"{len(self.people)} mailboxes to be watched", patience)

    async def deliver(self, count: int, name: str) -> None:
        """Deliver so many mails, round all mailboxes, each a reason for one SMS."""
        todo = [(f"alarm {name} {number}", self.people[number % len(self.people)]) for number in range(count)]

        async def put(each: Person) -> None:
            mails = [subject for subject, whose in todo if whose is each]
            if mails:
                await self.server.deliver(each.user, *map(letter, mails))

        busy = asyncio.Semaphore(8)

        async def put_in_turn(each: Person) -> None:
            async with busy:
                await put(each)

        await asyncio.gather(*(put_in_turn(each) for each in self.people))
        self.delivered.update({subject: whose.id for subject, whose in todo})

    def taken(self) -> Counter[str]:
        """How often the phone took each text: its journal is synced before every answer."""
        assert self.phone is not None
        return Counter(str(line["text"]) for line in self.phone.taken())

    async def arrived(self, patience: float = 60) -> None:
        """Wait until the phone has every mail that was delivered."""
        await self.workers[0].until(
            lambda: self.taken().keys() >= self.delivered.keys(), f"{len(self.delivered)} SMS", patience
        )

    def lost(self) -> list[str]:
        """Mails that made no SMS."""
        return sorted(self.delivered.keys() - self.taken().keys())

    def twice(self) -> list[str]:
        """Mails that made more than one."""
        return sorted(text for text, count in self.taken().items() if count > 1)

    def differences(self) -> list[str]:
        """What does not add up in the ledger."""
        with self.workers[0].store() as store:
            return [str(each) for each in store.read(ledger.differences)]

    def tracebacks(self) -> list[str]:
        """Those that stand in the logs, with what was said before them."""
        logs = [each.log.read_text() for each in self.workers]
        return [log[max(0, log.index("Traceback") - 500) :][:3000] for log in logs if "Traceback" in log]

    async def close(self) -> None:
        """End every process that is still there."""
        for each in self.workers:
            await each.close()


def _connections(process: int, port: int) -> int:
    """Established connections of a process to a port of this machine."""
    try:
        sockets = {str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir() if each.is_symlink()}
        rows = [line.split() for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    except OSError:
        return 0
    return sum(
        row[3] == "01" and int(row[2].rpartition(":")[2], 16) == port and f"socket:[{row[9]}]" in sockets
        for row in rows
    )

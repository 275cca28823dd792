"""Tocsin installed in a folder: its configuration, its virtual phones and its engine, all as real processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.store.database import Database
from tests.servers.client import MailServer
from tests.servers.pymap_server import free_port, wait_for_port

ROOT = Path(__file__).parents[2]
#: Where it is about noon: no day and no month ends while tests run, and with them no cap and no allowance.
MIDDAY = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@dataclass
class Person:
    """An account with one mailbox. `rules` is the YAML of its own rules; `credit` is topped up at the start."""

    id: str
    number: str
    user: str
    provider: str = "phone"
    parts: int = 0
    cap: int = 1_000_000
    credit: str = ""
    rules: str = ""
    tell: str = "{suspended: false, low_balance: 0, dead_letter: false}"
    """What goes wrong is told to those who ask for it: most tests count what mail alone leads to."""
    folders: tuple[str, ...] = ("INBOX",)
    more: str = ""
    """What else stands in the account's file, as YAML."""


@dataclass
class Phone:
    """A virtual phone: its process, its journal, its manners."""

    name: str
    provider_class: str
    port: int
    journal: Path
    process: asyncio.subprocess.Process

    def lines(self) -> list[dict[str, Any]]:
        """Its journal, which is the truth: it is synced before every answer. A line may be half written just now."""
        whole = self.journal.read_text().split("\n")[:-1] if self.journal.exists() else []
        return [json.loads(line) for line in whole]

    def taken(self) -> list[dict[str, Any]]:
        """What it took, in order: each line is one SMS that somebody got."""
        return [line for line in self.lines() if line["did"] == "taken"]

    def refs(self, did: str) -> set[str]:
        """The references of what it did: `taken`, `reported`, ..."""
        return {str(line["ref"]) for line in self.lines() if line["did"] == did}

    async def behave(self, **manners: Any) -> None:
        """Tell it how to treat the next requests; see engine/demo/behaviour.py."""

        def post() -> None:
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/behave",
                data=json.dumps(manners).encode(),
                headers={"Content-Type": "application/json"},
                method="POST",
            )
            with urllib.request.urlopen(request, timeout=5) as answer:
                assert answer.status < 300

        await asyncio.to_thread(post)


@dataclass
class Installation:
    """One folder with everything in it. `code` is where the package `engine` lies (a copy, for planted defects)."""

    folder: Path
    code: Path = ROOT
    stream_url: str = ""
    """Where the stream lies; empty: in a file of its own."""
    store_url: str = ""
    """Where the store lies; empty: in a file of its own."""
    phones: dict[str, Phone] = field(default_factory=dict)
    web_port: int = field(default_factory=free_port)
    engine: asyncio.subprocess.Process | None = None
    starts: int = 0
    gateways: str = ""
    """More providers, as they stand in engine.yaml under `providers:`."""
    options: tuple[str, ...] = ()
    """What `tocsin run` is told besides."""

    @property
    def config(self) -> Path:
        """The configuration folder."""
        return self.folder / "config"

    @property
    def log(self) -> Path:
        """What the engine says; each start has a file of its own."""
        return self.folder / f"engine-{self.starts:04d}.log"

    def write(
        self,
        people: Sequence[Person],
        server: MailServer,
        *,
        shared: str = "",
        timeout: str = "10s",
        price: str = "0.08",
    ) -> None:
        """Write the configuration of these people, with their mailboxes on this server. `shared`: global rules."""
        for name in ("accounts", "rules/global", *(f"rules/{each.id}" for each in people)):
            (self.config / name).mkdir(parents=True, exist_ok=True)
        phones = "".join(
            f"  {each.name}: {{driver: fake, url: 'http://127.0.0.1:{each.port}',"
            f" class: {each.provider_class}, timeout: {timeout}}}\n"
            for each in self.phones.values()
        )
        lies = "".join(
            f"{key}: '{url}'\n" for key, url in (("stream", self.stream_url), ("store", self.store_url)) if url
        )
        (self.config / "engine.yaml").write_text(
            f"version: 1\ndata: ../var\nweb: {{port: {self.web_port}}}\n{lies}providers:\n{phones}{self.gateways}"
        )
        rows = {each.number[:5]: each.provider for each in people}
        tariff = "".join(f"  - {{prefix: '{p}', price: '{price}', provider: {name}}}\n" for p, name in rows.items())
        (self.config / "tariff.yaml").write_text(f"version: 1\ncurrency: EUR\nsms:\n{tariff}")
        for each in people:
            (self.config / "accounts" / f"{each.id}.yaml").write_text(
                f"version: 1\nid: {each.id}\nlanguage: nl\nzone: {MIDDAY}\nnumbers: ['{each.number}']\n"
                f"tell: {each.tell}\n"
                f"plan: {{parts_per_month: {each.parts}, daily_cap: {each.cap}}}\n"
                f"mailboxes:\n  - {{host: {server.host}, port: {server.port}, tls: off, user: {each.user},"
                f" password: secret, folders: [{', '.join(each.folders)}]}}\n{each.more}"
            )
            if each.rules:
                (self.config / "rules" / each.id / "rules.yaml").write_text(each.rules)
        if shared:
            (self.config / "rules" / "global" / "rules.yaml").write_text(shared)
        for each in people:
            if each.credit:
                self.tocsin("topup", each.id, each.credit, "--yes", "--payment", "start")

    def tocsin(self, *arguments: str) -> str:
        """Run a command that ends well; answers what it printed."""
        done = self._run(arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command, however it ends; answers its exit code and all it said."""
        done = self._run(arguments)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        return done.returncode, said

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "engine", "-c", str(self.config), *arguments],
            cwd=self.code,
            stdin=subprocess.DEVNULL,  # no terminal
            capture_output=True,
            text=True,
            timeout=120,  # an engine that should have been refused would run on
            check=False,
        )

    # ---- phones

    async def start_phone(self, name: str = "phone", provider_class: str = "idempotent") -> Phone:
        """Start a virtual phone that reports to this installation's engine."""
        port, journal = free_port(), self.folder / f"{name}.jsonl"
        callback = f"http://127.0.0.1:{self.web_port}/callbacks/{name}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine", "phone", "--port", str(port)),
            *("--journal", str(journal), "--callback", callback),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await wait_for_port("127.0.0.1", port, process)
        self.phones[name] = Phone(name, provider_class, port, journal, process)
        return self.phones[name]

    # ---- the engine

    async def start_engine(self, *, failpoint: str = "", mark: Path | None = None) -> bool:
        """Start the engine; true once it runs, false when it met its fail-point before that.

        Raises RuntimeError with what it said when it ended without one.
        """
        self.starts += 1
        environment = {**os.environ, "TOCSIN_FAILPOINT": failpoint, "PYTHONDONTWRITEBYTECODE": "1"}
        environment["TOCSIN_FAILPOINT_MARK"] = str(mark or "")
        with self.log.open("wb") as log:
            self.engine = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "engine", "-c", str(self.config), "run", *self.options),
                cwd=self.code,
                env=environment,
                stdout=log,
                stderr=log,
            )
        await self.until(lambda: "running:" in self.log.read_text() or self.ended, "the engine to start")
        if self.ended and not failpoint:
            raise RuntimeError(f"the engine has ended: {self.log.read_text()[-3000:]}")
        return not self.ended

    @property
    def ended(self) -> bool:
        """Whether the engine's process is over."""
        return self.engine is not None and self.engine.returncode is not None

    async def end_engine(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the engine's process and wait for it; answers its exit code."""
        assert self.engine is not None
        if not self.ended:
            self.engine.send_signal(how)
        return await asyncio.wait_for(self.engine.wait(), 60)

    async def watching(self, folders: int) -> None:
        """Wait until so many folders have a first position: mail delivered from now on is news."""
        await self.until(lambda: self.count("position") >= folders, f"{folders} folders to be watched")

    # ---- looking

    @contextmanager
    def store(self) -> Iterator[Database]:
        """The engine's store, beside it."""
        store = Database(self.store_url or f"sqlite:///{self.folder}/var/store.db")
        try:
            yield store
        finally:
            store.close()

    def json(self, column: str, key: str) -> str:
        """SQL for a text inside a column that holds JSON, on the store this installation has."""
        return f"({column}::json ->> '{key}')" if self.store_url else f"json_extract({column}, '$.{key}')"

    def rows(self, query: str) -> list[Any]:
        """What an SQL query finds."""
        with self.store() as store:
            return list(store.read(lambda c: c.execute(sa.text(query)).all()))

    def change(self, statement: str) -> None:
        """Change rows, as the passing of time would."""
        with self.store() as store:
            store.write(lambda c: c.execute(sa.text(statement)))

    def count(self, table: str, where: str = "true") -> int:
        """How many rows a table has; 0 while there is no store yet."""
        if not self.store_url and not (self.folder / "var" / "store.db").exists():
            return 0
        try:
            return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])
        except Exception:
            return 0

    async def until(self, condition: Callable[[], bool], what: str, patience: float = 60) -> None:
        """Wait for a condition. Raises TimeoutError that says what was waited for, with the engine's last words."""
        deadline = asyncio.get_running_loop().time() + patience
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                said = self.log.read_text()[-3000:] if self.log.exists() else ""
                raise TimeoutError(f"waited {patience:.0f} s for {what}; the engine said:\n{said}")
            await asyncio.sleep(0.03)

    async def close(self) -> None:
        """End every process that is still there."""
        ours = [each.process for each in self.phones.values()]
        if self.engine is not None:
            ours.append(self.engine)
        for process in ours:
            if process.returncode is None:
                process.kill()
                await process.wait()

"""Debian's PostgreSQL 15 on loopback, in a data folder of its own, with fsync on: what it says is kept, is kept."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from tests.servers import require
from tests.servers.pymap_server import free_port

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
USER = "tocsin"


class PostgresServer:
    """One running server. `restart`, `stop` and `start` are for tests of what happens then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["PostgresServer"]:
        """A new server with an empty database `postgres`. Skips the test when PostgreSQL is not installed."""
        require(str(PROGRAMS / "postgres"), str(PROGRAMS / "initdb"))
        # Not pytest's folder: that one may be closed to the user that the server runs as.
        server = cls(Path(tempfile.mkdtemp(prefix="tocsin-postgres-")))
        try:
            if _user():
                shutil.chown(server.folder, _user(), _user())
            words = ["-D", str(server.folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]
            subprocess.run([PROGRAMS / "initdb", *words], check=True, capture_output=True, **_as_user())
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)
            shutil.rmtree(server.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """As `store:` in engine.yaml has it."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on",
            "shared_buffers": "64MB",
            "max_connections": 100,
        }
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", self.folder / "data"]
                + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")],
                stdout=log,
                stderr=log,
                **_as_user(),
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self._connect("postgres").close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; SIGINT ends the connections first, SIGQUIT is as good as a crash."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(60)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop and start it on the same port."""
        self.stop(how)
        self.start()

    def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of `template`."""
        name = f"tocsin_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement outside a transaction, as the superuser."""
        with self._connect("postgres") as connection:
            connection.execute(statement)

    def kill_backends(self) -> None:
        """End every other connection, as an administrator or a proxy may."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'tocsin%'")

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        where = f"host=127.0.0.1 port={self.port} user={USER} dbname={database} connect_timeout=5"
        return psycopg.connect(where, autocommit=True)


def _user() -> str:
    """PostgreSQL refuses to run as root; Debian's package made a user for it."""
    if os.geteuid() != 0:
        return ""
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user() -> dict[str, object]:
    return {"user": _user(), "group": pwd.getpwnam(_user()).pw_gid, "extra_groups": []} if _user() else {}

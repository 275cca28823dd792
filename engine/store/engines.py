"""How a database is connected to: SQLite as one durable file, PostgreSQL as a server that may come and go."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.errors import StoreError

#: How long to wait for another process that writes to the same SQLite file, or holds the same row, in seconds.
PATIENCE = 30.0
#: How long a PostgreSQL server may take to take a connection, in seconds.
CONNECT = 5
POSTGRESQL = "postgresql+psycopg"

#: What the server does for us: no statement runs for ever, no lock is waited for without end, and what a dead
#: worker left open is rolled back. The last three notice a server that is gone without a word.
_SESSION = f"-c statement_timeout=60s -c lock_timeout={PATIENCE:.0f}s -c idle_in_transaction_session_timeout=60s"
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


def engine(url: str, *, read_only: bool = False) -> sa.Engine:
    """Connections to `url`; none is made yet. Raises StoreError when there is no folder or no driver for it."""
    parsed = sa.make_url(url)
    if parsed.drivername.startswith("sqlite"):
        return _sqlite(parsed, read_only)
    return _postgresql(parsed, read_only)


def shown(url: str) -> str:
    """A store's address as a person may see it: the file's path, or host:port/database, never a password."""
    parsed = sa.make_url(url)
    if parsed.drivername.startswith("sqlite"):
        return parsed.database or ""
    host = parsed.host or "localhost"
    return f"{f'[{host}]' if ':' in host else host}:{parsed.port or 5432}/{parsed.database or ''}"


def _postgresql(url: sa.URL, read_only: bool) -> sa.Engine:
    # `postgresql://` alone would mean another driver.
    url = url.set(drivername=POSTGRESQL)
    arguments: dict[str, Any] = {"connect_timeout": CONNECT, "application_name": "tocsin", **_KEEPALIVE}
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    arguments["options"] = f"{_SESSION} {url.query.get('options', '')}".strip()
    try:
        # A reader sees one moment, as on SQLite: a mail and its fates, the buckets and their transfers.
        isolation = {"isolation_level": "REPEATABLE READ"} if read_only else {}
        made = sa.create_engine(
            url,
            hide_parameters=True,  # an error's text must not carry what a message says
            connect_args=arguments,
            # One writer thread needs one connection; what idles longest is looked at before it is used.
            pool_size=4 if read_only else 1,
            max_overflow=4 if read_only else 1,
            pool_pre_ping=True,
            **isolation,
        )
    except ModuleNotFoundError:
        raise StoreError(
            "the driver for PostgreSQL is not installed",
            place=shown(str(url)),
            remedy="pip install 'tocsin[postgres]'",
        ) from None
    return made.execution_options(postgresql_readonly=True) if read_only else made


def _sqlite(url: sa.URL, read_only: bool) -> sa.Engine:
    path = Path(url.database or "")
    if not path.parent.is_dir():
        raise StoreError("the folder does not exist", place=str(path.parent), remedy=f"mkdir -p {path.parent}")
    arguments = {"timeout": PATIENCE, "check_same_thread": False}
    made = sa.create_engine(url, hide_parameters=True, connect_args=arguments)

    @sa.event.listens_for(made, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy's own BEGIN comes from the hook below; the driver must not add its own.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    @sa.event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred BEGIN that writes later fails under concurrency (44,390 retries where this has none).
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return made

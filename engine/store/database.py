"""One door to the database: one writer thread that commits what has gathered in one transaction, and readers.

Group commit makes durability nearly free: with 256 callers SQLite at synchronous=FULL admits more than ten times
what it does one at a time. A unit of work is a function of a connection; it may be run again, so it does nothing
that the database cannot take back.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from engine.errors import StoreError

#: What a unit of work is called with; the rest of the house knows SQL by this name only.
Connection = sa.Connection
T = TypeVar("T")
Work = Callable[[Connection], T]

#: The most units of work in one transaction: past 500 nothing is gained and the wait of the first grows.
MOST_TOGETHER = 500
#: How long to wait for another process that writes to the same SQLite file, in seconds.
PATIENCE = 30.0


@dataclass
class _Job:
    work: Work[Any]
    done: Future[Any]


class Database:
    """The store's connections. Open it in the process that uses it; close it to give back thread and file.

    `url` is SQLAlchemy's: ``sqlite:////abs/store.db`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _engine(url)
        self._reader = _engine(url, read_only=True)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()

    # ---- writing

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction with whatever else has gathered; returns once it is durable.

        Raises StoreError when the database cannot be written (full, locked, gone): nothing of `work` is kept.
        """
        return self._submit(work).result()

    async def awrite(self, work: Work[T]) -> T:
        """`write`, for the event loop."""
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Work[T]) -> Future[T]:
        done: Future[T] = Future()
        with self._gate:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="tocsin-store", daemon=True)
                self._thread.start()
            self._jobs.put(_Job(work, done))
        return done

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            together = [job]
            ending = False
            while len(together) < MOST_TOGETHER:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ending = True
                    break
                together.append(more)
            self._commit(together)
            if ending:
                return

    def _commit(self, together: list[_Job]) -> None:
        try:
            with self._engine.begin() as connection:
                results = [job.work(connection) for job in together]
        except BaseException as error:
            if len(together) == 1:
                _fail(together[0], self._translate(error))
                return
            # One of them is at fault and all were rolled back: each gets a transaction of its own.
            for job in together:
                self._commit([job])
            return
        for job, result in zip(together, results, strict=True):
            if job.done.set_running_or_notify_cancel():
                job.done.set_result(result)

    # ---- reading

    def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent view, without waiting for writers. It must not write."""
        try:
            with self._reader.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            raise self._translate(error) from None

    async def aread(self, work: Work[T]) -> T:
        """`read`, for the event loop."""
        return await asyncio.to_thread(self.read, work)

    # ---- life

    def close(self) -> None:
        """Finish what was handed in, then give back thread and connections."""
        with self._gate:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._jobs.put(None)
        if thread is not None:
            thread.join()
        self._engine.dispose()
        self._reader.dispose()

    @property
    def engine(self) -> sa.Engine:
        """For the migrations only."""
        return self._engine

    def _translate(self, error: BaseException) -> BaseException:
        """What the world did becomes a StoreError; a defect of ours (a broken constraint) stays what it is."""
        if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
            return error
        if isinstance(error, ProgrammingError) and not error.connection_invalidated:
            return error
        text = str(error.orig).strip()
        place = shown(self.url)
        if "full" in text:
            return StoreError("the disk is full", place=place, remedy="free some space; nothing was lost")
        if "readonly" in text or "permission" in text:
            return StoreError(f"cannot be written: {text}", place=place, remedy="check who owns the file and folder")
        if "locked" in text:
            return StoreError(
                f"another process has held it for more than {PATIENCE:.0f} s", place=place, remedy="try again"
            )
        return StoreError(f"the database failed: {text}", place=place, remedy="see that it runs and can be reached")


def insert_new(connection: Connection, table: sa.Table) -> Any:
    """An INSERT that passes over rows whose key is there already, on SQLite and PostgreSQL."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def shown(url: str) -> str:
    """A store's address as a person may see it: the file's path, or the URL without its password."""
    parsed = sa.make_url(url)
    return parsed.database or "" if parsed.drivername.startswith("sqlite") else parsed.render_as_string()


def _fail(job: _Job, error: BaseException) -> None:
    if job.done.set_running_or_notify_cancel():
        job.done.set_exception(error)


def _engine(url: str, *, read_only: bool = False) -> sa.Engine:
    parsed = sa.make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        return sa.create_engine(parsed, pool_pre_ping=True)
    path = Path(parsed.database or "")
    if not path.parent.is_dir():
        raise StoreError("the folder does not exist", place=str(path.parent), remedy=f"mkdir -p {path.parent}")
    engine = sa.create_engine(parsed, connect_args={"timeout": PATIENCE, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy's own BEGIN comes from the hook below; the driver must not add its own.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred BEGIN that writes later fails under concurrency (44,390 retries where this has none).
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine

"""One door to the database: one writer thread that commits what has gathered in one transaction, and readers.

Group commit makes durability nearly free: with 256 callers SQLite at synchronous=FULL admits more than ten times
what it does one at a time. A unit of work is a function of a connection; it may be run again, so it does nothing
that the database cannot take back.
"""

import asyncio
import queue
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.engines import engine
from engine.store.engines import shown as shown
from engine.store.failures import ContendedError as ContendedError
from engine.store.failures import is_contended, is_lost, translate
from engine.store.tables import account

#: What a unit of work is called with; the rest of the house knows SQL by this name only.
Connection = sa.Connection
T = TypeVar("T")
Work = Callable[[Connection], T]

#: The most units of work in one transaction: past 500 nothing is gained and the wait of the first grows.
MOST_TOGETHER = 500
#: How often a transaction is run that other workers get in the way of, before its caller is told.
TRIES = 8


@dataclass
class _Job:
    work: Work[Any]
    done: Future[Any]
    touching: Collection[str] | None


class Database:
    """The store's connections. Open it in the process that uses it; close it to give back thread and file.

    `url` is SQLAlchemy's: ``sqlite:////abs/store.db`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = engine(url)
        self._reader = engine(url, read_only=True)
        self._shared = self._engine.dialect.name != "sqlite"
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()

    # ---- writing

    def write(self, work: Work[T], touching: Collection[str] | None = None) -> T:
        """Run `work` in a transaction with whatever else has gathered; returns once it is durable.

        `touching` names the accounts whose money or messages it changes. Where several workers write, the accounts
        of all that share a transaction are locked first and in order, so that no two workers wait for each other;
        a unit that cannot say (None) gets a transaction of its own there.

        Raises StoreError when the database cannot be written (full, locked, gone): nothing of `work` is kept. When
        the connection is lost in the very commit nobody knows, so a unit must bear being run again.
        """
        return self._submit(work, touching).result()

    async def awrite(self, work: Work[T], touching: Collection[str] | None = None) -> T:
        """`write`, for the event loop."""
        return await asyncio.wrap_future(self._submit(work, touching))

    def _submit(self, work: Work[T], touching: Collection[str] | None = None) -> Future[T]:
        done: Future[T] = Future()
        with self._gate:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="tocsin-store", daemon=True)
                self._thread.start()
            self._jobs.put(_Job(work, done, touching))
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
            for group in self._groups(together):
                self._commit(group)
            if ending:
                return

    def _groups(self, together: list[_Job]) -> list[list[_Job]]:
        if not self._shared:  # one writer at a time: nobody is waited for in here
            return [together]
        told = [job for job in together if job.touching is not None]
        return [group for group in (told, *([job] for job in together if job.touching is None)) if group]

    def _commit(self, together: list[_Job]) -> None:
        try:
            results = self._insist(together)
        except BaseException as error:
            if len(together) == 1:
                _fail(together[0], translate(error, self.url))
                return
            # One of them is at fault and all were rolled back: each gets a transaction of its own.
            for job in together:
                self._commit([job])
            return
        for job, result in zip(together, results, strict=True):
            if job.done.set_running_or_notify_cancel():
                job.done.set_result(result)

    def _insist(self, together: list[_Job]) -> list[Any]:
        """Run the units until they are through, or it is certain that the reason is not another worker."""
        tried = 0
        while True:
            tried += 1
            committing = False
            try:
                with self._engine.connect() as connection, connection.begin() as transaction:
                    self._lock(connection, together)
                    results = [job.work(connection) for job in together]
                    committing = True
                    transaction.commit()
                    return results
            except Exception as error:
                # A connection that died while it idled or worked took nothing with it; one that died in the commit
                # may have done its work, and only the caller knows whether doing it twice is right.
                again = is_contended(error) or (is_lost(error) and not committing and tried == 1)
                if not again or tried >= TRIES:
                    raise
            time.sleep(random.uniform(0.0, 0.01 * 2.0 ** min(tried, 5)))  # noqa: S311  (hides nothing)

    def _lock(self, connection: Connection, together: Sequence[_Job]) -> None:
        names = {name for job in together for name in job.touching or ()}
        if names and self._shared:
            lock_accounts(connection, names)

    # ---- reading

    def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent view, without waiting for writers. It must not write."""
        try:
            with self._reader.connect() as connection:
                return work(connection)
        except sa.exc.SQLAlchemyError as error:
            raise translate(error, self.url) from None

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


def lock_accounts(connection: Connection, names: Collection[str], *, skip_locked: bool = False) -> list[str]:
    """Lock accounts, in the one order everybody keeps, before any message or bucket of theirs; returns which exist.

    With `skip_locked` those that another worker holds are passed over.
    """
    # NO KEY: rows that only point at an account may be written meanwhile.
    rows = connection.execute(
        sa.select(account.c.id)
        .where(account.c.id.in_(sorted(names)))
        .order_by(account.c.id)
        .with_for_update(key_share=True, skip_locked=skip_locked)
    )
    return list(rows.scalars())


def insert_new(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose key is not there yet, on SQLite and PostgreSQL; returns how many that were."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(table).on_conflict_do_nothing().inline()
    # Without the option PostgreSQL's count is gone with the cursor.
    return connection.execute(new, rows, execution_options={"preserve_rowcount": True}).rowcount


def put(connection: Connection, table: sa.Table, *columns: str, add: Collection[str] = ()) -> Any:
    """An INSERT that overwrites these columns, or adds to them, where the row's key is there already."""
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)
    changed: dict[str, Any] = {name: insert.excluded[name] for name in columns}
    changed |= {name: table.c[name] + insert.excluded[name] for name in add}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


def _fail(job: _Job, error: BaseException) -> None:
    if job.done.set_running_or_notify_cancel():
        job.done.set_exception(error)

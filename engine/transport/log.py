"""The stream in one SQLite file: topics cut into partitions, each a row of records with rising offsets.

Durable before it is told: an append is answered after the COMMIT that holds it (WAL, synchronous=FULL).
What is appended while a commit runs goes into the next one, so many callers pay for one fsync.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.errors import StreamError
from engine.transport.lock import lock
from engine.transport.record import MASK, SHIFT, Entry, Partition, Record, pack, take, unpack

T = TypeVar("T")
Place = tuple[str, int]
"""A topic's name and the number of one of its partitions."""
P = TypeVar("P", bound=Place)

APPLICATION = 0x746F6373  # "tocs": tells our file from any other SQLite file
VERSION = 1
#: Rows deleted in one transaction, so that retention never holds the writer for long.
SWEEP = 2000

SCHEMA = """
CREATE TABLE IF NOT EXISTS topic(name TEXT PRIMARY KEY, partitions INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partition(
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 0,
    UNIQUE(topic, number));
CREATE TABLE IF NOT EXISTS record(
    id INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, key BLOB, value BLOB, headers TEXT);
CREATE TABLE IF NOT EXISTS committed(
    reader TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY(reader, partition)) WITHOUT ROWID;
"""


class Log:
    """The file, its lock, one writing thread and one reading thread. All methods belong to one event loop."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock: int | None = None
        self._write: sqlite3.Connection | None = None
        self._read: sqlite3.Connection | None = None
        self._partitions: dict[Place, Partition] = {}
        self._topics: dict[str, int] = {}
        self._pending: list[tuple[Sequence[Entry], asyncio.Future[None]]] = []
        self._writing: asyncio.Future[None] | None = None
        self._listeners: set[Callable[[], None]] = set()

    async def open(self) -> None:
        """Take the lock and read what is there. Raises StreamError naming the file, and leaves nothing open."""
        self._lock = lock(self.file)
        self._writer = ThreadPoolExecutor(1, "stream-write")
        self._reader = ThreadPoolExecutor(1, "stream-read")
        try:
            await self._in(self._writer, self._open)
        except BaseException:
            await self.close()
            raise

    def _open(self) -> None:
        try:
            # Before SQLite opens it: closing a descriptor of a file drops every POSIX lock on it.
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
        except OSError as error:
            raise self._refuse(f"the stream's file cannot be opened: {error.strerror}") from error
        self._write = write = self._connect()
        ours = write.execute("PRAGMA application_id").fetchone()[0]
        version = write.execute("PRAGMA user_version").fetchone()[0]
        if ours != APPLICATION and write.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise self._refuse("this is a database, but not a stream of Tocsin's")
        if version > VERSION:
            raise self._refuse(f"this stream was written by a newer Tocsin (version {version} of its layout)")
        write.executescript(
            f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; BEGIN IMMEDIATE; {SCHEMA} COMMIT;"
        )
        self._read = self._connect()
        self._topics = dict(write.execute("SELECT name, partitions FROM topic"))
        for id, topic, number, end in write.execute("SELECT id, topic, number, next FROM partition").fetchall():
            self._load(topic, number, id, end)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, check_same_thread=False, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA cache_size=-16000")
            connection.execute("PRAGMA wal_autocheckpoint=4000")
        except BaseException:
            connection.close()
            raise
        return connection

    def _load(self, topic: str, number: int, id: int, end: int) -> None:
        assert self._write is not None
        query = "SELECT max(id) FROM record WHERE id BETWEEN ? AND ?"
        last = self._write.execute(query, (id << SHIFT, id << SHIFT | MASK)).fetchone()[0]
        # `next` is what retention wrote down before it deleted the newest record: a partition that was
        # emptied goes on where it stood, or a reader's committed offset would lie in the future.
        self._partitions[topic, number] = Partition(id, max(end, 0 if last is None else (last & MASK) + 1))

    async def close(self) -> None:
        """Finish what is being written, give the lock back. Safe to call twice."""
        if self._lock is None:
            return
        while self._writing is not None:
            await asyncio.wait([self._writing])
            await asyncio.sleep(0)
        descriptor, self._lock = self._lock, None
        try:
            await self._in(self._reader, self._close_reader)
            await self._in(self._writer, self._close_writer)
        finally:
            self._reader.shutdown(wait=False)
            self._writer.shutdown(wait=False)
            os.close(descriptor)

    def _close_reader(self) -> None:
        if self._read is not None:
            self._read.close()

    def _close_writer(self) -> None:
        if self._write is not None:
            self._write.close()

    async def declare(self, topics: Mapping[str, int]) -> None:
        """Have these topics with this many partitions. Raises StreamError when one has another count."""
        for name, count in topics.items():
            have = self._topics.get(name, count)
            if have != count:
                raise StreamError(
                    f"the topic {name} has {have} partitions, not {count}; a topic's count is for life",
                    place=str(self.file),
                    remedy=f"run with {have} partitions, or drain this stream and begin a new file",
                )
        new = {name: count for name, count in topics.items() if name not in self._topics}
        if new:
            await self._in(self._writer, self._declare, new)

    def _declare(self, topics: Mapping[str, int]) -> None:
        with self._transaction() as write:
            ids = {}
            for name, count in topics.items():
                write.execute("INSERT INTO topic VALUES(?, ?)", (name, count))
                for number in range(count):
                    row = write.execute("INSERT INTO partition(topic, number) VALUES(?, ?)", (name, number))
                    ids[name, number] = row.lastrowid or 0
        self._partitions.update({place: Partition(id, 0) for place, id in ids.items()})
        self._topics.update(topics)

    def partitions(self, topic: str) -> int | None:
        """How many partitions `topic` has, or None when it is not declared."""
        return self._topics.get(topic)

    def end(self, place: Place) -> int:
        """The offset the next durable record of this partition will get."""
        return self._partitions[place].end

    def listen(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called after every append; answers how to end that."""
        self._listeners.add(call)
        return lambda: self._listeners.discard(call)

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[None]:
        """All of `entries` in one commit, or none of them; done when they are durable.

        The future fails with StreamError when the file cannot take them (the disk is full); offsets have
        not moved then, and the next append tries afresh.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._lock is None:
            future.set_exception(self._refuse("the stream is closed"))
        else:
            self._pending.append((entries, future))
            if self._writing is None:
                self._write_pending()
        return future

    def _write_pending(self) -> None:
        batch, self._pending = self._pending, []
        ends: dict[Place, int] = {}
        rows: list[tuple[int, int, bytes | None, bytes | None, str | None]] = []
        records: list[tuple[Partition, Record]] = []
        for entries, _ in batch:
            for topic, number, timestamp, key, value, headers in entries:
                place = topic, number
                partition = self._partitions[place]
                offset = ends.get(place, partition.end)
                ends[place] = offset + 1
                rows.append((partition.base | offset, timestamp, key, value, pack(headers) if headers else None))
                records.append((partition, Record(offset, timestamp, key, value, headers)))
        writing = asyncio.ensure_future(self._in(self._writer, self._insert, rows))
        self._writing = writing
        writing.add_done_callback(lambda done: self._written(done, batch, ends, records))

    def _insert(self, rows: list[tuple[int, int, bytes | None, bytes | None, str | None]]) -> None:
        with self._transaction() as write:
            write.executemany("INSERT INTO record VALUES(?, ?, ?, ?, ?)", rows)

    def _written(
        self,
        done: asyncio.Future[None],
        batch: list[tuple[Sequence[Entry], asyncio.Future[None]]],
        ends: dict[Place, int],
        records: list[tuple[Partition, Record]],
    ) -> None:
        self._writing = None
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if error is None:
            for place, end in ends.items():
                self._partitions[place].end = end
            for partition, record in records:
                partition.remember(record)
        for _, future in batch:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        if self._pending:
            self._write_pending()
        if error is None:
            for call in tuple(self._listeners):
                call()

    def recall(self, place: Place, offset: int, most: int, most_bytes: int) -> list[Record] | None:
        """Up to `most` records from `offset` out of memory, or None when they must be read from the file."""
        return self._partitions[place].recall(offset, most, most_bytes)

    async def read(self, wants: Mapping[P, int], most: int, most_bytes: int) -> dict[P, list[Record]]:
        """Up to `most` records of each place from its offset on, read from the file. Raises StreamError."""
        return await self._in(self._reader, self._fetch, dict(wants), most, most_bytes)

    def _fetch(self, wants: Mapping[P, int], most: int, most_bytes: int) -> dict[P, list[Record]]:
        assert self._read is not None
        query = "SELECT id, timestamp, key, value, headers FROM record WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"
        found = {}
        for place, offset in wants.items():
            base = self._partitions[place].base
            cursor = self._read.execute(query, (base | offset, base | MASK, most))
            found[place] = take(
                (Record(id & MASK, at, key, value, unpack(headers)) for id, at, key, value, headers in cursor),
                most_bytes,
            )
            cursor.close()  # an open cursor would keep the write-ahead log from being reset
        return found

    async def commit(self, reader: str, offsets: Mapping[P, int]) -> None:
        """Write down how far `reader` has come: the next offset of each place. Raises StreamError."""
        await self._in(self._writer, self._commit, reader, dict(offsets))

    def _commit(self, reader: str, offsets: Mapping[P, int]) -> None:
        rows = [(reader, self._partitions[place].base >> SHIFT, offset) for place, offset in offsets.items()]
        with self._transaction() as write:
            write.executemany("INSERT OR REPLACE INTO committed VALUES(?, ?, ?)", rows)

    async def resume(self, reader: str, places: Iterable[P]) -> dict[P, int]:
        """Where `reader` goes on: at its committed offset, or else at the oldest record there is."""
        return await self._in(self._reader, self._resume, reader, list(places))

    def _resume(self, reader: str, places: list[P]) -> dict[P, int]:
        assert self._read is not None
        committed = dict(self._read.execute("SELECT partition, next FROM committed WHERE reader = ?", (reader,)))
        found = {}
        for place in places:
            partition = self._partitions[place]
            query = "SELECT min(id) FROM record WHERE id BETWEEN ? AND ?"
            first = self._read.execute(query, (partition.base, partition.base | MASK)).fetchone()[0]
            oldest = partition.end if first is None else first & MASK
            found[place] = max(committed.get(partition.base >> SHIFT, 0), oldest)
        return found

    async def expire(self, before: Mapping[str, int], read: frozenset[str]) -> int:
        """Delete each topic's records older than `before` (milliseconds since 1970), oldest first; answers how many.

        Never past what the slowest reader has committed; a topic in `read` that nobody has committed yet
        keeps everything. Raises StreamError.
        """
        gone = 0
        for place, partition in list(self._partitions.items()):
            if place[0] in before:
                more = SWEEP
                while more == SWEEP:  # a pause between the transactions, so that appends get their turn
                    more = await self._in(self._writer, self._sweep, partition, before[place[0]], place[0] in read)
                    gone += more
        if gone:
            await self._in(self._writer, self._checkpoint)
        return gone

    def _sweep(self, partition: Partition, before: int, read: bool) -> int:
        assert self._write is not None
        id = partition.base >> SHIFT
        slowest = self._write.execute("SELECT min(next) FROM committed WHERE partition = ?", (id,)).fetchone()[0]
        edge = slowest if slowest is not None else 0 if read else partition.end
        query = "SELECT id, timestamp FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        last = None
        for row, timestamp in self._write.execute(query, (partition.base, partition.base | edge, SWEEP)).fetchall():
            if timestamp >= before:
                break
            last = row
        if last is None:
            return 0
        with self._transaction() as write:
            write.execute("UPDATE partition SET next = max(next, ?) WHERE id = ?", ((last & MASK) + 1, id))
            return write.execute("DELETE FROM record WHERE id BETWEEN ? AND ?", (partition.base, last)).rowcount

    def _checkpoint(self) -> None:
        assert self._write is not None
        self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _transaction(self) -> "Transaction":
        assert self._write is not None
        return Transaction(self._write)

    async def _in(self, thread: ThreadPoolExecutor, do: Callable[..., T], *args: object) -> T:
        """Run `do` in `thread`. Raises StreamError for whatever SQLite says."""
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, do, *args)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise StreamError(
                    "the stream could not be written: the disk is full; nothing was written",
                    place=str(self.file),
                    remedy="make room on that disk; Tocsin goes on by itself",
                ) from error
            raise self._refuse(f"the stream's file cannot be used: {error}") from error

    def _refuse(self, message: str) -> StreamError:
        return StreamError(
            message, place=str(self.file), remedy="check `stream:` in engine.yaml and the file's rights"
        )


class Transaction:
    """BEGIN IMMEDIATE and then COMMIT, or ROLLBACK when anything went wrong: nothing is ever half-written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            try:
                self._connection.execute("COMMIT")
                return
            except sqlite3.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite rolls back by itself when the disk is full
            self._connection.execute("ROLLBACK")

"""`make bench ONLY=admission`: admissions a second, beside the raw batched INSERT of the same rows."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from benchmarks.figures import figure
from engine.store import accounts, inbox, ledger, revision
from engine.store.database import Connection, Database
from engine.store.tables import metadata
from tests.builders import NOW, a_notification, a_quote, an_account
from tests.servers.postgres import PROGRAMS, PostgresServer

ROWS, BATCH, ACCOUNTS, ROUNDS = 5_000, 500, 100, 3
#: What one admission writes, in an order that the foreign keys allow.
WRITTEN = ("notification", "message", "message_content", "transfer", "receipt", "outbox")


async def run() -> bool:
    """The figure for SQLite and, where it is installed, for PostgreSQL; true when met."""
    met = True
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder, _postgres() as server:
        stores = {"sqlite": lambda n: f"sqlite:///{folder}/{n}.db"}
        if server is not None:
            stores["postgresql"] = lambda _: server.create()
        for name, fresh in stores.items():
            ratios = []
            for turn in range(ROUNDS):
                ours, raw = _both(fresh(f"a{turn}"), fresh(f"b{turn}"))
                ratios.append(ours / raw)
                print(f"  {name}: {ours:.0f} admissions a second; raw INSERT of the same rows {raw:.0f}")
            beside = f"the driver's executemany of the same rows, {BATCH} to a transaction"
            met &= figure(f"admission.{name}", round(statistics.median(ratios), 3), ">=", 0.2, beside)
    return met


@contextmanager
def _postgres() -> Iterator[PostgresServer | None]:
    if not (PROGRAMS / "postgres").exists():
        print("  postgresql: not installed")
        yield None
        return
    with PostgresServer.running() as server:
        yield server


def _both(url: str, other: str) -> tuple[float, float]:
    """Admissions a second into `url`, then what they wrote, a second, raw into `other`."""
    store = _open(url)
    asked = [(a_notification(n, account=f"a{n % ACCOUNTS}"), a_quote()) for n in range(ROWS)]
    for told, _ in asked:
        _ = told.id  # derived once, by whoever made it
    begun = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        batch = asked[start : start + BATCH]
        store.write(lambda c: inbox.take_in(c, batch, "EUR", NOW), {told.account for told, _ in batch})  # noqa: B023
    ours = ROWS / (time.perf_counter() - begun)
    assert store.read(ledger.differences) == []
    rows = {name: store.read(lambda c: _plain(c, name)) for name in WRITTEN}  # noqa: B023
    same = {name: store.read(lambda c: _plain(c, name)) for name in ("ledger_account",)}  # noqa: B023
    store.close()

    floor = _open(other)
    # The buckets and grants that the rows point to are there already: they belong to the month, not to a message.
    grants = [row for row in rows["transfer"] if row[6] == "grant"]
    rows["transfer"] = [row for row in rows["transfer"] if row[6] != "grant"]
    floor.write(lambda c: _insert(c, "ledger_account", same["ledger_account"]))
    floor.write(lambda c: _insert(c, "transfer", grants))
    begun = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        floor.write(lambda c: [_insert(c, name, rows[name][start : start + BATCH]) for name in WRITTEN])  # noqa: B023
    raw = ROWS / (time.perf_counter() - begun)
    assert floor.read(lambda c: c.execute(sa.text("SELECT count(*) FROM outbox")).scalar_one()) == ROWS
    floor.close()
    return ours, raw


def _open(url: str) -> Database:
    store = Database(url)
    revision.ensure(store)
    people = [an_account(f"a{n}", parts=ROWS) for n in range(ACCOUNTS)]
    store.write(lambda c: accounts.upsert(c, people, "v", NOW))
    return store


def _plain(connection: Connection, name: str) -> list[tuple[object, ...]]:
    """The rows as the driver has them, so that writing them again costs nothing but the writing."""
    columns = ", ".join(f'"{column.name}"' for column in metadata.tables[name].columns)
    key = next(iter(metadata.tables[name].primary_key)).name if name in ("transfer", "receipt", "outbox") else ""
    order = f" ORDER BY {key}" if key else ""
    return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM {name}{order}")]


def _insert(connection: Connection, name: str, rows: list[tuple[object, ...]]) -> None:
    """The driver's own batched INSERT, without SQLAlchemy in between."""
    names = [f'"{column.name}"' for column in metadata.tables[name].columns]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    cursor = connection.connection.cursor()
    cursor.executemany(f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})", rows)
    cursor.close()

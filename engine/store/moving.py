"""A whole store into another, empty one: every row with its id, on either database, then proven."""

from collections.abc import Iterator

import sqlalchemy as sa

from engine.errors import StoreError
from engine.store import ledger, revision
from engine.store.database import Database, shown
from engine.store.tables import metadata

#: Rows written at a time; of files, which are large, fewer.
BATCH, FEW = 1000, 10


def copy(source: Database, target: Database) -> dict[str, int]:
    """Copy everything in one transaction of the target; answers the rows of each table.

    `source` must stand still and is not changed. Raises StoreError, and leaves the target empty, when the source is
    of another revision or its ledger is wrong, when the target holds anything, or when the two differ in the end.
    """
    revision.ensure(source)
    wrong = source.read(ledger.differences)
    if wrong:
        raise StoreError(f"the ledger differs: {wrong[0]}", place=shown(source.url), remedy="tocsin db prove")
    revision.ensure(target)
    if taken := [name for name, rows in target.read(counts).items() if rows]:
        raise StoreError(
            f"the target is not empty: {', '.join(taken)}", place=shown(target.url), remedy="name an empty database"
        )

    def pour(writing: sa.Connection) -> dict[str, int]:
        source.read(lambda reading: _pour(reading, writing))
        _go_on(writing)
        there, here = source.read(counts), counts(writing)
        if there != here or ledger.differences(writing):
            raise StoreError("the copy is not the same; nothing was kept of it", place=shown(target.url))
        return here

    return target.write(pour)


def counts(connection: sa.Connection) -> dict[str, int]:
    """The rows of each table."""
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def _pour(reading: sa.Connection, writing: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        for rows in _batches(reading, table):
            writing.execute(sa.insert(table), rows)


def _batches(reading: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    # Messages in the order of their numbers: SQLite takes the row that was written last for the newest.
    order = [table.c.seq] if "seq" in table.c else list(table.primary_key.columns)
    many = FEW if table.name == "medium" else BATCH
    result = reading.execution_options(yield_per=many).execute(sa.select(table).order_by(*order))
    for part in result.mappings().partitions(many):
        yield [dict(row) for row in part]


def _go_on(writing: sa.Connection) -> None:
    """Let PostgreSQL number new rows after the ones that came with their numbers; SQLite looks at them by itself."""
    if writing.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            writing.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"  # noqa: S608
                    f' (SELECT coalesce(max("{column.name}"), 0) + 1 FROM "{table.name}"), false)'
                )
            )
    writing.execute(sa.text("SELECT setval('message_seq', (SELECT coalesce(max(seq), 0) + 1 FROM message), false)"))

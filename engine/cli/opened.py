"""The store, for a command: opened beside a running engine, closed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import settings
from engine.settings import Settings
from engine.settings.data import make_data_folder
from engine.store import accounts, revision
from engine.store.database import Database
from engine.wiring import clock


@contextmanager
def opened(config: Path) -> Iterator[tuple[Database, Settings]]:
    """The store of a configuration. A new store is made, with the accounts of the files.

    Raises TocsinError when the configuration is wrong or the store cannot be used.
    """
    wanted = settings.require(config)
    make_data_folder(wanted.data)
    store = Database(wanted.store)
    try:
        revision.ensure(store)
        rows = [each.account for each in wanted.accounts]
        store.write(lambda connection: accounts.introduce(connection, rows, clock()))
        yield store, wanted
    finally:
        store.close()

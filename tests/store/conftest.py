"""A store of one's own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import revision
from engine.store.database import Database


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """A new SQLite store."""
    database = Database(f"sqlite:///{tmp_path}/store.db")
    revision.ensure(database)
    yield database
    database.close()

"""The store as one who only looks: nothing is made, nothing is migrated, no byte of it changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import sqlalchemy as sa

from engine.errors import StoreError
from engine.store.engines import engine, shown
from engine.store.failures import translate

T = TypeVar("T")


class Reader:
    """A store that is there, opened for reading."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _engine(url)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` on one moment of the store, beside an engine that writes. Raises StoreError."""
        try:
            with self._engine.connect() as connection:
                return work(connection)
        except sa.exc.SQLAlchemyError as error:
            raise translate(error, self.url) from None


@contextmanager
def reading(url: str) -> Iterator[Reader]:
    """The store, closed again afterwards. Raises StoreError when there is none."""
    reader = Reader(url)
    try:
        yield reader
    finally:
        reader._engine.dispose()


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        return engine(url, read_only=True)
    path = Path(parsed.database or "")
    if not path.is_file():
        raise StoreError("there is no store yet", place=shown(url), remedy="the first `tocsin run` makes it")
    # Without a write-ahead log nobody is at work, and then even the lock files of a reader need not be made.
    alone = not path.with_name(f"{path.name}-wal").exists()
    uri = f"file:{quote(str(path))}?{'immutable=1' if alone else 'mode=ro'}"
    return sa.create_engine(f"sqlite:///{uri}&uri=true", hide_parameters=True)

"""Servers that are slow to start: started once for all the tests that want them."""

from collections.abc import Iterator

import pytest

from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer

#: Folders whose tests take seconds each, in the order in which they begin.
_SLOW = ("live", "line", "store", "cli", "demo")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones begin, so that at the end both workers have something to do; each takes a file at a time."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(item.config.rootpath).parts[1]
        return _SLOW.index(folder) if folder in _SLOW else len(_SLOW)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """A broker that nobody disturbs."""
    with KafkaServer.up() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """PostgreSQL, for the whole session."""
    with PostgresServer.running() as server:
        yield server

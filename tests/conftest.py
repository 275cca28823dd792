"""Servers that are slow to start, once for all the tests that want them; and how patient hypothesis is."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer

# A machine that is busy with something else is no defect of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

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

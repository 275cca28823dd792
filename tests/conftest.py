"""Servers that are slow to start: started once for all the tests that want them."""

from collections.abc import Iterator

import pytest

from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer


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

"""A store of one's own for every test, on each database that the line runs on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.store import revision
from engine.store.database import Database
from tests.servers.postgres import PostgresServer

#: Each test that asks for one of these runs on both databases.
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.live)]
Fresh = Callable[[], str]


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """The name of a database with our tables, to be copied: quicker than migrating for every test."""
    url = postgres.create()
    database = Database(url)
    revision.ensure(database)
    database.close()
    return url.rpartition("/")[2]


@pytest.fixture(params=BOTH)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Makes the URL of a store that nobody has used; its tables may be there already."""
    made: list[str] = []

    def sqlite() -> str:
        made.append(f"sqlite:///{tmp_path}/store{len(made) or ''}.db")
        return made[-1]

    if request.param == "sqlite":
        yield sqlite
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("template")

    def postgresql() -> str:
        made.append(server.create(name))
        return made[-1]

    yield postgresql
    for url in made:
        server.drop(url)


@pytest.fixture
def store(fresh: Fresh) -> Iterator[Database]:
    """A new store."""
    database = Database(fresh())
    revision.ensure(database)
    yield database
    database.close()

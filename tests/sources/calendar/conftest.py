"""The CalDAV servers of these tests."""

from collections.abc import Iterator

import pytest

from tests.servers.calendars import Calendar, CollectionServer, Radicale, Xandikos


@pytest.fixture(scope="session", params=[Radicale, Xandikos], ids=["Radicale", "Xandikos"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectionServer]:
    """A CalDAV server; each test that wants one runs once on each of the two."""
    with request.param.running(tmp_path_factory.mktemp("caldav")) as running:
        yield running


@pytest.fixture
def calendar(server: CollectionServer, request: pytest.FixtureRequest) -> Iterator[Calendar]:
    """An empty calendar of this test's own, written to by an independent client."""
    made = server.make_calendar(f"c{abs(hash(request.node.nodeid))}")
    yield made
    made.close()

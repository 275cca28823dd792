"""What the tests of the web server share."""

from collections.abc import AsyncIterator

import pytest

from engine.net import Http


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    """Our own client."""
    made = Http()
    yield made
    await made.close()

"""An SMS centre that does as it is told, and providers that speak to it."""

from collections.abc import AsyncIterator

import pytest

from tests.channels.smpp.rig import SmppRig


@pytest.fixture
async def rig() -> AsyncIterator[SmppRig]:
    made = SmppRig()
    await made.smsc.start()
    yield made
    await made.stop()

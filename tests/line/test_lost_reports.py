"""A delivery report that gets lost on its way is asked for, and closes the receipt as it would have done."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.agents.route import route
from engine.agents.send import send
from engine.agents.wake import wake
from engine.channels import registry
from engine.channels.providers.fake import FakeSettings
from engine.store import ledger
from tests.agents.test_hops import Bench, Scripted
from tests.builders import a_notification
from tests.contracts.provider import SECRET
from tests.servers.phone import PhoneRig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PhoneRig]:
    made = PhoneRig(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize(
    ("report", "fate"), [("delivered", "delivered"), ("phone_full", "undelivered"), ("phone_off", "undelivered")]
)
async def test_a_lost_report_is_asked_for_at_the_phone(rig: PhoneRig, tmp_path: Path, report: str, fate: str) -> None:
    bench = Bench(tmp_path, Scripted([]))
    settings = FakeSettings(url=rig.listener.url, token=SECRET, polled=True)
    bench.desk = replace(bench.desk, providers={"phone": registry.build("phone", settings, rig.http)})
    await rig.behave("take", report=report, report_lost=True)
    await route(bench.desk, [a_notification()])
    await bench.run(send, lambda: bench.fate() == "sent")
    bench.now += timedelta(minutes=2)
    await bench.run(wake, lambda: bench.fate() == fate)
    assert bench.facts() == ["queued", "sent", fate]
    assert bench.store.read(ledger.differences) == []
    bench.store.close()

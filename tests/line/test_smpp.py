"""Mail to SMS over a link of our own, whose centre is away, busy, slow or silent; reports come back over it."""

import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.store import ledger
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer
from tests.servers.smsc import Smsc

ANNA = Person("anna", "+32470000001", "u1", provider="centre", parts=100)
RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Urgent, when: {subject: {contains: spoed}}, notify: {to: me, text: "{subject}", max_parts: 5}}
"""


@dataclass
class Stage:
    """A mailbox, an engine and an SMS centre."""

    installation: Installation
    mail: PymapServer
    smsc: Smsc

    async def post(self, subject: str) -> None:
        """Somebody writes to Anna."""
        await self.mail.deliver("u1", letter(subject))

    def history(self, text: str) -> list[str]:
        """fate:reason of the message with this text, in order."""
        found = self.installation.rows(
            "SELECT r.fate || ':' || r.reason AS said FROM receipt r JOIN message_content c"
            f" ON c.message_id = r.message_id WHERE c.text = '{text}' ORDER BY r.seq"
        )
        return [row.said for row in found]

    async def became(self, text: str, last: str) -> list[str]:
        """Wait until this is the last that is known of it; answers all that is known."""
        await self.installation.until(lambda: self.history(text)[-1:] == [last], f"{text!r} to be {last}")
        return self.history(text)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    installation, smsc = Installation(tmp_path), Smsc(password="open-sesame-4711")
    await smsc.start()
    async with PymapServer.running(users=1) as mail:
        installation.gateways = (
            f"  centre: {{driver: smpp, host: 127.0.0.1, port: {smsc.port}, system_id: tocsin,"
            " password: open-sesame-4711, sender: Tocsin, timeout: 10s, slow_down: 1s}\n"
        )
        try:
            installation.write([ANNA], mail, shared=RULES)
            await installation.start_engine()
            await installation.watching(1)
            yield Stage(installation, mail, smsc)
        finally:
            await installation.close()
            await smsc.stop()


async def test_whatever_the_centre_does_a_mail_is_one_sms_and_its_report_closes_it(stage: Stage) -> None:
    smsc = stage.smsc
    await stage.post("spoed well")
    assert (await stage.became("spoed well", "delivered:delivered"))[:2] == ["queued:admitted", "sent:accepted"]

    smsc.early = True
    long = "spoed " + "lang " * 50
    await stage.post(long.strip())
    await stage.became(long.strip(), "delivered:delivered")
    smsc.early = False

    await smsc.stop()
    await stage.post("spoed away")
    await stage.became("spoed away", "queued:provider_unreachable")
    await smsc.start()
    await stage.became("spoed away", "delivered:delivered")

    smsc.next.append({"do": "refuse", "status": 0x58})
    await stage.post("spoed busy")
    assert "queued:provider_busy" in await stage.became("spoed busy", "delivered:delivered")

    # Its answer comes after the time-out: until then nobody knows, and nobody sends it again.
    smsc.next.append({"do": "late", "seconds": 12})
    await stage.post("spoed slow")
    assert "uncertain:held_uncertain" in await stage.became("spoed slow", "delivered:delivered")

    binds = len(smsc.binds)
    smsc.next.append({"do": "drop_after"})
    await stage.post("spoed mute")
    await stage.became("spoed mute", "uncertain:held_uncertain")
    await stage.installation.until(lambda: len(smsc.binds) > binds, "another link")

    texts = ["spoed well", long.strip(), "spoed away", "spoed busy", "spoed slow", "spoed mute"]
    assert smsc.texts() == texts
    assert set(smsc.binds) == {0x09}
    assert await stage.installation.end_engine() == 0
    assert smsc.goodbyes == 1
    with stage.installation.store() as store:
        assert store.read(ledger.differences) == []
        [allowance] = store.read(lambda c: ledger.credits(c, "anna"))
    # The long one cost two parts; what is uncertain is set aside.
    assert (allowance.available, allowance.held, allowance.spent) == (93, 1, 6)


async def test_a_report_that_came_while_the_engine_was_down_is_heard_afterwards(stage: Stage) -> None:
    stage.smsc.final = ""
    await stage.post("spoed later")
    await stage.became("spoed later", "sent:accepted")
    assert await stage.installation.end_engine() == 0
    await stage.installation.start_engine()
    await stage.installation.until(lambda: len(stage.smsc.binds) == 2, "the link")
    stage.smsc.report(stage.smsc.parts[0], "EXPIRED")
    await stage.became("spoed later", "undelivered:phone_off")
    assert stage.smsc.acknowledged == [0]


async def test_a_long_text_survives_an_engine_that_is_killed_between_its_parts(stage: Stage) -> None:
    installation, smsc = stage.installation, stage.smsc

    async def bring(*numbers: int) -> None:
        acknowledged = len(smsc.acknowledged) + len(numbers)
        for number in numbers:
            header = bytes([5, 0, 3, 7, 3, number])
            smsc.deliver("32470000077", "1234", header + f"part {number}. ".encode(), esm=0x40)
        await installation.until(lambda: len(smsc.acknowledged) == acknowledged, "the answer of the engine")

    async def die() -> None:
        await installation.end_engine(signal.SIGKILL)
        binds = len(smsc.binds)
        await installation.start_engine()
        await installation.until(lambda: len(smsc.binds) > binds, "the link")

    await installation.until(lambda: bool(smsc.binds), "the link")
    await bring(3)
    await die()
    await bring(1)
    await die()
    await bring(2)
    await die()
    # The centre never heard that these were taken.
    await bring(1, 2, 3)
    await stage.post("spoed well")
    await stage.became("spoed well", "delivered:delivered")
    event = installation.json("event", "text")
    found = installation.rows(f'SELECT {event} AS text FROM decision WHERE event LIKE \'%"kind":"message"%\'')
    assert [row.text for row in found] == ["part 1. part 2. part 3. "]
    assert set(smsc.acknowledged) == {0}

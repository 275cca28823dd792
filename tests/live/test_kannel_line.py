"""Mail to SMS through a real Kannel that is away, busy, slow or silent: once at the SMS centre, or uncertain."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.channels.providers.kannel import KannelProvider, KannelSettings
from engine.net import Http
from engine.store import ledger
from tests.servers.installation import Installation, Person
from tests.servers.kannel import KannelServer
from tests.servers.kannel_gate import Gate
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

pytestmark = pytest.mark.live

ANNA = Person("anna", "+32470000001", "u1", provider="kannel", parts=100)
RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Urgent, when: {subject: {contains: spoed}}, notify: {to: me, text: "{subject|80}"}}
"""


@dataclass
class Stage:
    """A mailbox, an engine, a gate, a Kannel and an SMS centre."""

    installation: Installation
    mail: PymapServer
    kannel: KannelServer
    gate: Gate

    @property
    def texts(self) -> list[str]:
        """What the SMS centre took."""
        return self.kannel.smsc.texts()

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

    async def call(self, fields: dict[str, str]) -> int:
        """Report as if we were Kannel; answers the status."""
        url = f"http://127.0.0.1:{self.installation.web_port}/callbacks/kannel?{urlencode(fields)}"

        def get() -> int:
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                with error:
                    return int(error.code)

        return await asyncio.to_thread(get)

    def rows(self, *tables: str) -> Sequence[Any]:
        """Everything in these tables."""
        return [tuple(row) for table in tables for row in self.installation.rows(f"SELECT * FROM {table}")]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    installation = Installation(tmp_path)
    async with KannelServer.running(tmp_path / "kannel") as kannel, PymapServer.running(users=1) as mail:
        gate = Gate(kannel)
        await gate.listener.start()
        installation.gateways = (
            f"  kannel: {{driver: kannel, url: '{gate.listener.url}/cgi-bin/sendsms', user: tocsin,"
            f" password: {kannel.password}, sender: Tocsin, timeout: 10s}}\n"
        )
        try:
            installation.write([ANNA], mail, shared=RULES)
            await installation.start_engine()
            await installation.watching(1)
            yield Stage(installation, mail, kannel, gate)
        finally:
            await installation.close()
            await gate.listener.stop()
            await gate.http.close()


async def test_whatever_the_gateway_does_a_mail_is_one_sms_and_its_report_closes_it(stage: Stage) -> None:
    await stage.post("spoed well")
    assert await stage.became("spoed well", "delivered:delivered") == [
        "queued:admitted",
        "sent:accepted",
        "delivered:delivered",
    ]

    await stage.kannel.stop()
    await stage.gate.listener.stop()
    await stage.post("spoed away")
    await stage.became("spoed away", "queued:provider_unreachable")
    await stage.kannel.start()
    await stage.gate.listener.start()
    await stage.became("spoed away", "delivered:delivered")

    stage.gate.next = {"do": "unavailable", "seconds": 1}
    await stage.post("spoed busy")
    assert "queued:provider_busy" in await stage.became("spoed busy", "delivered:delivered")

    # Slower than the time-out: Kannel has it, and its report says so before anybody could think of sending again.
    stage.gate.next = {"do": "late", "seconds": 12}
    await stage.post("spoed slow")
    await stage.became("spoed slow", "delivered:delivered")

    stage.gate.next = {"do": "drop_after"}
    await stage.post("spoed mute")
    await stage.became("spoed mute", "delivered:delivered")

    assert stage.texts == ["spoed well", "spoed away", "spoed busy", "spoed slow", "spoed mute"]
    assert await stage.installation.end_engine() == 0
    with stage.installation.store() as store:
        assert store.read(ledger.differences) == []
        [allowance] = store.read(lambda c: ledger.credits(c, "anna"))
    assert (allowance.available, allowance.held, allowance.spent) == (95, 0, 5)


async def test_silence_that_no_report_breaks_is_uncertain_and_not_sent_again(stage: Stage) -> None:
    stage.gate.next = {"do": "drop_before"}
    await stage.post("spoed lost")
    await stage.became("spoed lost", "uncertain:held_uncertain")
    await stage.post("spoed next")
    await stage.became("spoed next", "delivered:delivered")
    assert stage.texts == ["spoed next"]
    [allowance] = stage.rows("(SELECT kind, balance FROM ledger_account WHERE kind = 'held')")
    assert allowance == ("held", 1)


async def test_forged_unknown_and_repeated_reports_change_nothing(stage: Stage) -> None:
    await stage.post("spoed well")
    await stage.became("spoed well", "delivered:delivered")
    tables = ("message", "attempt", "receipt", "transfer")
    before = stage.rows(*tables)
    settings = KannelSettings.model_validate(
        {"driver": "kannel", "user": "tocsin", "password": stage.kannel.password}
    )
    ours = KannelProvider("kannel", settings, Http(), "")
    [ref] = [row.client_ref for row in stage.installation.rows("SELECT client_ref FROM attempt")]
    seen = {"status": "2", "at": "1795308591", "id": "1", "answer": "to 32470000001"}

    for forged in ({}, {"proof": ""}, {"proof": ours._proof.of("another")}):
        assert await stage.call({"ref": ref, **seen, **forged}) == 403
    assert await stage.call({"ref": ref, "proof": ours._proof.of(ref), **seen, "status": "7"}) == 400
    # An honest one for nothing we know is kept aside, and one that comes again or too late takes nothing back.
    assert await stage.call({"ref": "nobody-0", "proof": ours._proof.of("nobody-0"), **seen}) == 200
    for late in ("8", "1", "2", "16"):
        assert await stage.call({"ref": ref, "proof": ours._proof.of(ref), **seen, "status": late}) == 200

    # What comes after them on the same stream has been settled, so they have been looked at.
    await stage.post("spoed next")
    await stage.became("spoed next", "delivered:delivered")
    await stage.installation.until(lambda: stage.installation.count("parked_report") == 1, "the unknown report")
    assert [row for row in before if row not in stage.rows(*tables)] == []
    assert stage.history("spoed well")[-1] == "delivered:delivered"
    log = stage.installation.log.read_text()
    assert log.count("it is not from the provider") == 3
    assert "32470000001" not in log

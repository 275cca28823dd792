"""Debian's Kannel keeps the contract of providers, and carries mail to the SMS centre once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.kannel import KannelProvider, KannelSettings
from engine.net import Http
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import LONG, NUMBER, SECRET, Callback, ProviderContract, a_message
from tests.servers.kannel import KannelServer
from tests.servers.kannel_gate import Gate

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


class KannelRig:
    """The real gateway behind a gate."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.http = Http()

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG) -> Provider:
        assert provider_class is ProviderClass.OPAQUE
        settings = {"url": f"{self.gate.listener.url}/cgi-bin/sendsms", "user": "tocsin", "password": SECRET}
        return registry.build(
            "gateway",
            KannelSettings.model_validate({"driver": "kannel", "timeout": timeout, **settings}),
            self.http,
            self.gate.listener.url,
        )

    async def behave(self, do: str, **how: Any) -> None:
        self.gate.next = {"do": do, **how}

    def taken(self) -> list[str]:
        return self.gate.taken

    async def switch_off(self) -> None:
        await self.gate.listener.stop()

    def callbacks(self, ref: str) -> list[Callback]:
        fields = {"ref": ref, "proof": self._prove(ref), "at": "1795308591", "id": "1", "answer": f"to {NUMBER}"}
        return [Callback(query={**fields, "status": bit}) for bit in ("1", "2", "4", "8", "16")]

    def forgeries(self, ref: str) -> list[Callback]:
        honest = [each.query for each in self.callbacks(ref)]
        changes = ({"proof": ""}, {"proof": self._prove(ref)[:-1]}, {"ref": "r2"}, {"proof": "\udcff", "status": "x"})
        return [Callback(query={**each, **change}) for each in honest for change in changes] + [Callback()]

    def garbage(self, ref: str) -> list[Callback]:
        honest = self.callbacks(ref)[0].query
        return [Callback(query={**honest, **change}) for change in ({"status": "3"}, {"status": ""}, {"at": "soon"})]

    def _prove(self, ref: str) -> str:
        provider: Any = self.provider(ProviderClass.OPAQUE)
        return str(provider._proof.of(ref))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kannel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KannelServer]:
    async with KannelServer.running(tmp_path_factory.mktemp("kannel")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def gate(kannel: KannelServer) -> AsyncIterator[Gate]:
    made = Gate(kannel)
    await made.listener.start()
    kannel.smsc.parts.clear()
    yield made
    await made.listener.stop()
    await made.http.close()
    kannel.smsc.status, kannel.smsc.final = 0, "DELIVRD"


@pytest_asyncio.fixture(loop_scope="module")
async def rig(gate: Gate) -> AsyncIterator[KannelRig]:
    made = KannelRig(gate)
    yield made
    await made.http.close()


class TestKannel(ProviderContract):
    """Every promise of the contract, for Debian's Kannel."""

    classes: ClassVar = (ProviderClass.OPAQUE,)
    refusals: ClassVar = {"auth": Reason.PROVIDER_AUTH, "refused": Reason.PROVIDER_REFUSED}
    names_messages: ClassVar = False


async def test_a_wrong_password_is_told_without_sending(rig: KannelRig) -> None:
    known = {"url": f"{rig.gate.listener.url}/cgi-bin/sendsms", "user": "tocsin", "password": "another"}
    settings = KannelSettings.model_validate({"driver": "kannel", **known})
    answer = await KannelProvider("gateway", settings, rig.http, "").sign_in()
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_AUTH)


async def _until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "text", ["Größe €5 + 3 & 4%", "spoed ☺ Ξж", "x" * 400, "{[]}~^|\\ € @" * 20, "👨‍👩‍👧" * 30, "line\nbreak"]
)
async def test_every_character_arrives_at_the_sms_centre(rig: KannelRig, text: str) -> None:
    answer = await rig.provider(ProviderClass.OPAQUE).send(a_message(text), "r1")
    assert answer.outcome is Outcome.ACCEPTED
    smsc = rig.gate.kannel.smsc
    await _until(lambda: smsc.texts() == [text])
    assert {part.to for part in smsc.parts} == {NUMBER[1:]}


@pytest.mark.parametrize(("final", "fate"), [("DELIVRD", Fate.DELIVERED), ("UNDELIV", Fate.UNDELIVERED)])
async def test_the_report_of_the_network_comes_back_under_our_reference(
    rig: KannelRig, final: str, fate: Fate
) -> None:
    rig.gate.kannel.smsc.final = final
    provider = rig.provider(ProviderClass.OPAQUE)
    await provider.send(a_message("x" * 400), "r1")
    await _until(lambda: len(rig.gate.reports) == 2)  # of three parts one is asked for, twice: taken, and its end
    reports = [provider.read_callback({}, query, b"")[0] for query in rig.gate.reports]
    assert {report.fate for report in reports} == {Fate.SENT, fate}  # in either order
    assert {report.client_ref for report in reports} == {"r1"}


async def test_a_message_that_the_network_refuses_is_undelivered(rig: KannelRig) -> None:
    rig.gate.kannel.smsc.status = 0x0B
    provider = rig.provider(ProviderClass.OPAQUE)
    assert (await provider.send(a_message(), "r1")).outcome is Outcome.ACCEPTED
    await _until(lambda: rig.gate.reports)
    [report] = provider.read_callback({}, rig.gate.reports[0], b"")
    assert (report.fate, report.reason) == (Fate.UNDELIVERED, Reason.PROVIDER_REFUSED)


async def test_a_gateway_that_is_not_there_has_not_taken_it(tmp_path: Path) -> None:
    async with KannelServer.running(tmp_path) as kannel:
        http = Http()
        known = {"driver": "kannel", "url": kannel.url, "user": "tocsin", "password": kannel.password}
        provider = registry.build("gateway", KannelSettings.model_validate(known), http)
        await kannel.stop()
        answer = await provider.send(a_message(), "r1")
        assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
        await http.close()

"""Debian's Kannel brings texts from phones to our web server, whole and again until they are kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from engine.channels import registry
from engine.channels.providers.kannel import KannelSettings
from engine.heard import Heard
from engine.net import Http
from engine.web.server import Web
from tests.channels.smpp.rig import until
from tests.servers.kannel import KannelServer
from tests.web.well import Well

pytestmark = pytest.mark.live

PHONE, US = "32470000077", "32460200000"


class Ear:
    """What was heard; at first it is deaf as often as it is told."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.deaf = 0
        self.refs: set[str] = set()

    async def hear(self, heard: Sequence[Heard]) -> None:
        self.refs |= {each.provider_ref for each in heard}
        if self.deaf:
            self.deaf -= 1
            raise OSError("the disk is full")
        self.heard += heard


async def publish(topic: Any, nouns: Sequence[Any]) -> None:
    raise AssertionError


@pytest.fixture
async def ear() -> Ear:
    return Ear()


@pytest.fixture
async def kannel(ear: Ear, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KannelServer]:
    http = Http()
    known = {"driver": "kannel", "user": "u", "password": "p", "inbound_token": KannelServer.password}
    provider = registry.build("gateway", KannelSettings.model_validate(known), http)
    web = Web("127.0.0.1", 0, {"gateway": provider}, publish, Well(), ear.hear)
    await web.start()
    async with KannelServer.running(tmp_path_factory.mktemp("kannel"), f"{web.url}/inbound/gateway") as server:
        yield server
    await web.stop()
    await http.close()


async def test_what_phones_write_arrives_whole_and_no_phone_is_answered(ear: Ear, kannel: KannelServer) -> None:
    long = "Größe ☺ & + % " * 12
    data = long.encode("utf-16-be")
    parts = [data[start : start + 132] for start in range(0, len(data), 132)]
    kannel.smsc.deliver(PHONE, US, b"Hulp! a+b=c & 100%")
    kannel.smsc.deliver(PHONE, US, "Ж ☺ €".encode("utf-16-be"), coding=8)
    for place, part in enumerate(parts, 1):
        kannel.smsc.deliver(PHONE, US, bytes([5, 0, 3, 7, len(parts), place]) + part, esm=0x40, coding=8)
    await until(lambda: len(ear.heard) == 3)
    assert sorted(each.text for each in ear.heard) == sorted(["Hulp! a+b=c & 100%", "Ж ☺ €", long])
    assert {(each.sender.lstrip("+"), each.recipient.lstrip("+")) for each in ear.heard} == {(PHONE, US)}
    assert len({each.provider_ref for each in ear.heard} - {""}) == 3
    await asyncio.sleep(0.5)
    assert kannel.smsc.parts == []


async def test_a_text_that_could_not_be_kept_is_brought_again_under_the_same_id(
    ear: Ear, kannel: KannelServer
) -> None:
    ear.deaf = 2
    kannel.smsc.deliver(PHONE, US, b"STOP")
    await until(lambda: bool(ear.heard))
    assert [each.text for each in ear.heard] == ["STOP"]
    assert len(ear.refs) == 1

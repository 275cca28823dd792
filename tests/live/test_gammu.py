"""A modem at home: Debian's gammu-smsd and the phone that gammu has built in."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Listening
from engine.channels.providers.gammu.driver import GammuProvider, GammuSettings
from engine.heard import Heard
from engine.net import Http
from engine.receipt import DeliveryReport, Fate
from engine.segments import count
from tests.contracts.provider import NUMBER, a_message
from tests.servers.gammu import Gammu

pytestmark = pytest.mark.live

TEXTS = {
    "one": "hello",
    "umlauts": "Größe € [x]",
    "a-full-one": "x" * 159 + "é",
    "three": "x" * 400,
    "euros": "é€" * 200,
    "cyrillic": "Ж" * 150,
    "emoji": "🙂" * 20,
    "emoji-on-the-border": "a" * 66 + "🙂" * 40,
    "lines": "one\r\ntwo\n{three}",
    "ten": "x" * 153 * 10,
}


def a_provider(gammu: Gammu) -> GammuProvider:
    made = registry.build("modem", GammuSettings(driver="gammu", folder=gammu.spool), Http())
    assert isinstance(made, GammuProvider)
    return made


async def test_every_text_goes_over_the_air_in_as_many_parts_as_are_charged(tmp_path: Path) -> None:
    gammu = Gammu(tmp_path)
    provider = a_provider(gammu)
    async with gammu.running():
        for ref, text in TEXTS.items():
            assert (await provider.send(a_message(text), ref)).outcome is Outcome.ACCEPTED
        await gammu.until_sent(len(TEXTS))
    assert sorted(gammu.sent()) == sorted((ref, count(text).parts, NUMBER) for ref, text in TEXTS.items())


async def test_what_was_sent_is_told_and_is_not_sent_again_whoever_was_killed_when(tmp_path: Path) -> None:
    gammu = Gammu(tmp_path)
    await a_provider(gammu).send(a_message(), "r1")  # the daemon is down, and we are killed before we note it
    await a_provider(gammu).send(a_message(), "r1")
    async with gammu.running():
        await gammu.until_sent(1)
    provider = a_provider(gammu)
    assert (await provider.send(a_message(), "r1")).outcome is Outcome.ACCEPTED
    async with gammu.running():
        await provider.send(a_message(), "r2")
        await gammu.until_sent(2)
    assert [ref for ref, _, _ in gammu.sent()] == ["r1", "r2"]
    report = await provider.poll("r1", "")
    assert report is not None
    assert (report.fate, report.client_ref) == (Fate.SENT, "r1")
    assert (provider.provider_class, provider.key_life) == (ProviderClass.IDEMPOTENT, timedelta(days=7))


async def test_what_phones_send_is_read_as_it_was_written(tmp_path: Path) -> None:
    gammu = Gammu(tmp_path)
    sent = {"+32470000077": "Größe € STOP", "+32470000078": "🙂 hi", "+32470000079": "é€" * 150, "Bank_A": "x" * 200}
    for sender, text in sent.items():
        await gammu.receive(sender, text)
    provider = registry.build("modem", GammuSettings(driver="gammu", folder=gammu.spool, inbox=True), Http())
    assert isinstance(provider, Listening)
    heard: list[Heard] = []
    whole = asyncio.Event()

    async def hear(brought: Sequence[Heard]) -> None:
        heard.extend(brought)
        if len(heard) >= len(sent):
            whole.set()

    async def publish(reports: Sequence[DeliveryReport]) -> None:
        raise AssertionError(reports)

    await provider.listen(publish, hear)
    async with gammu.running(), asyncio.timeout(60):
        await whole.wait()
        inbox = gammu.spool / "inbox"
        while any(path.is_file() for path in inbox.iterdir()):
            await asyncio.sleep(0.1)
    await provider.close()
    assert {each.sender: each.text for each in heard} == sent
    assert len(list((inbox / "read").iterdir())) == 1 + 1 + 5 + 3

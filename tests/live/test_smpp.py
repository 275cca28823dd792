"""Our SMPP at an SMS centre that others wrote: every text, every way of cutting it, receipts, replies, throttling."""

import asyncio
import contextlib
import json
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.answer import Outcome
from engine.channels.providers.smpp.driver import SmppProvider
from engine.channels.providers.smpp.settings import SmppSettings
from engine.heard import Heard
from engine.net import Http
from engine.part import Part
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.segments import count
from tests.channels.smpp.rig import joined, until
from tests.contracts.provider import LONG, NUMBER, a_message
from tests.servers import require

pytestmark = pytest.mark.live

NODE = Path(__file__).parents[1] / "servers" / "node"


class Centre:
    """The node process: where it listens, and what it took."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self.taken: list[dict[str, Any]] = []
        self._process = process
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, **environment: str) -> AsyncIterator["Centre"]:
        """One that listens. Skips where node or the package is missing."""
        require("node")
        if not (NODE / "node_modules" / "smpp").exists():
            text = "not installed: the package smpp (npm ci --prefix tests/servers/node)"
            if os.environ.get("TOCSIN_REQUIRE") == "all":
                pytest.fail(text)
            pytest.skip(text)
        process = await asyncio.create_subprocess_exec(
            *("node", str(NODE / "smsc.js")), stdout=asyncio.subprocess.PIPE, env={**os.environ, **environment}
        )
        assert process.stdout is not None
        made = cls(process, int(await process.stdout.readline()))
        try:
            yield made
        finally:
            made._reading.cancel()
            await asyncio.gather(made._reading, return_exceptions=True)
            process.kill()
            await process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.taken.append(json.loads(line))

    def whole(self) -> list[str]:
        """The texts, put together by the references that node read."""
        texts: dict[object, dict[int, str]] = defaultdict(dict)
        for each in self.taken:
            if each["udh"]:
                header = bytes.fromhex(each["udh"][0])
                texts[header[:-1]][header[-1]] = each["text"]
            elif each["sar"][0] is not None:
                texts[each["sar"][0]][each["sar"][2]] = each["text"]
            else:
                texts[each["id"]][0] = each["text"]
        return ["".join(parts[place] for place in sorted(parts)) for parts in texts.values()]


@contextlib.asynccontextmanager
async def linked(
    centre: Centre, **how: Any
) -> AsyncIterator[tuple[SmppProvider, list[DeliveryReport], list[Heard | Part]]]:
    """A provider bound to it, the reports and the replies that came."""
    known = {"driver": "smpp", "host": "127.0.0.1", "port": centre.port, "system_id": "t", "password": "secret"}
    settings = SmppSettings.model_validate({**known, "timeout": LONG, **how})
    reports: list[DeliveryReport] = []
    replies: list[Heard | Part] = []

    async def hear(heard: Sequence[Heard | Part]) -> None:
        replies.extend(heard)

    async def publish(found: Any) -> None:
        reports.extend(found)

    provider = SmppProvider("node", settings, Http(), "")
    await provider.listen(publish, hear)
    yield provider, reports, replies
    await provider.close()


TEXTS = ["hello", "Größe €5 {x} [y] ~^|\\", "ÄÖÑÜ§¿äöñüà Δ_ΦΓΛΩΠΨΣΘΞ", "Ж☺👍", "x" * 400, "€" * 200, "👨‍👩‍👧" * 30]


@pytest.mark.parametrize("segmentation", ["udh", "udh16", "sar", "payload"])
async def test_every_text_arrives_as_it_was_written_in_as_many_parts_as_were_charged(segmentation: str) -> None:
    async with Centre.running() as centre, linked(centre, segmentation=segmentation, sender="Tocsin") as (ours, _, _):
        for n, text in enumerate(TEXTS):
            centre.taken.clear()
            assert (await ours.send(a_message(text), f"r{n}")).outcome is Outcome.ACCEPTED
            parts = 1 if segmentation == "payload" else count(text).parts
            await until(lambda parts=parts: len(centre.taken) == parts)
            assert centre.whole() == [text]
            assert {(each["from"], each["to"]) for each in centre.taken} == {("Tocsin", NUMBER[1:])}


async def test_a_thousand_messages_keep_their_ids_and_each_is_reported() -> None:
    async with Centre.running(DELAY="2") as centre, linked(centre, window=20) as (ours, reports, _):
        answers = await asyncio.gather(*(ours.send(a_message(), f"r{n}") for n in range(1_000)))
        await until(lambda: len(reports) == 1_000)
    assert {each.outcome for each in answers} == {Outcome.ACCEPTED}
    assert {each.fate for each in reports} == {Fate.DELIVERED}
    assert {each.client_ref: each.provider_ref for each in reports} == {
        f"r{n}": answer.provider_ref for n, answer in enumerate(answers)
    }


async def test_too_fast_is_heard_and_the_parts_of_a_message_are_told_as_one() -> None:
    slow_down = timedelta(seconds=1)
    async with (
        Centre.running(THROTTLE_EVERY="3") as centre,
        linked(centre, slow_down=slow_down) as (ours, reports, _),
    ):
        assert (await ours.send(a_message("x" * 400), "r1")).outcome is Outcome.ACCEPTED  # one of three came twice
        await until(lambda: [each.client_ref for each in reports] == ["r1"])
        assert (await ours.send(a_message(), "r2")).outcome is Outcome.ACCEPTED
        answer = await ours.send(a_message(), "r3")
        assert (answer.outcome, answer.retry_after) == (Outcome.NOT_TAKEN, slow_down)


async def test_a_reply_from_a_phone_is_heard() -> None:
    async with Centre.running() as centre, linked(centre, sender="1234") as (ours, _, replies):
        await ours.send(a_message("reply"), "r1")
        await until(lambda: replies)
    [reply] = replies
    assert isinstance(reply, Heard)
    assert (reply.sender, reply.recipient, reply.text) == (NUMBER[1:], "1234", "ja, Ж €")


async def test_a_long_reply_is_put_together_from_its_parts() -> None:
    async with Centre.running() as centre, linked(centre, sender="1234") as (ours, _, replies):
        await ours.send(a_message("long reply"), "r1")
        await until(lambda: len(replies) == 2)
    assert joined(replies) == ["Größe Ж und [mehr] "]


async def test_a_wrong_password_is_refused() -> None:
    async with Centre.running() as centre, linked(centre, password="wrong") as (ours, _, _):
        answer = await ours.send(a_message(), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_AUTH)

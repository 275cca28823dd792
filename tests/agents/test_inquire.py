"""Providers are asked beside the timer: a slow one keeps nobody waiting, and only a few questions are in the air."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.agents import inquire
from engine.agents.route import route
from engine.agents.send import send
from engine.agents.settle import settle
from engine.agents.wake import wake
from engine.answer import Answer, ProviderClass
from engine.event import Incident, What
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.store import due, silence
from engine.store.due import DueKind
from engine.store.tables import due as table
from engine.store.tables import message
from engine.topics import EVENTS
from tests.agents.test_hops import Bench, Scripted
from tests.builders import ACCEPTED, NOW, SILENT, a_notification, an_account


@dataclass
class Asked(Scripted):
    """A provider that says what became of a message when it is asked, once `open` is set."""

    poll_gap: timedelta | None = timedelta(0)
    said: Fate | None = Fate.DELIVERED
    open: asyncio.Event = field(default_factory=asyncio.Event)
    polled: list[str] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    broken: bool = False

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        self.polled.append(client_ref)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.open.wait()
        self.at_once -= 1
        if self.broken:
            raise RuntimeError("a defect of the driver")
        if self.said is None:
            return None
        return DeliveryReport(
            provider="phone", client_ref=client_ref, fate=self.said, reason=Reason.DELIVERED, at=NOW
        )

    async def ask(self, client_ref: str) -> Answer:
        await self.open.wait()
        return self.asks.pop(0)


@pytest.fixture
def provider() -> Asked:
    made = Asked([ACCEPTED] * 50)
    made.open.set()
    return made


@pytest.fixture
def bench(tmp_path: Path, provider: Asked) -> Iterator[Bench]:
    made = Bench(tmp_path, provider)
    yield made
    made.store.close()


async def _send(bench: Bench, count: int = 1) -> None:
    await route(bench.desk, [a_notification(n) for n in range(count)])
    await bench.run(send, lambda: _fates(bench) == ["sent"] * count)


def _fates(bench: Bench) -> list[str]:
    return sorted(bench.store.read(lambda c: c.execute(sa.select(message.c.fate)).scalars().all()))


def _due(bench: Bench, kind: DueKind) -> list[datetime]:
    rows = sa.select(table.c.at).where(table.c.kind == kind.value)
    return sorted(bench.store.read(lambda c: c.execute(rows).scalars().all()))


async def test_a_report_that_was_lost_is_asked_for(bench: Bench, provider: Asked) -> None:
    await _send(bench)
    bench.now += timedelta(minutes=2)
    await bench.run(wake, lambda: _fates(bench) == ["delivered"])
    assert len(provider.polled) == 1
    assert _due(bench, DueKind.POLL) == []
    assert bench.facts() == ["queued", "sent", "delivered"]


@pytest.mark.parametrize("broken", [False, True], ids=["says nothing", "has a defect"])
async def test_who_says_nothing_is_asked_again_and_not_for_ever(bench: Bench, provider: Asked, broken: bool) -> None:
    provider.said, provider.broken = None, broken
    await _send(bench)
    asked = 0
    while (moments := _due(bench, DueKind.POLL)) and asked < 200:
        bench.now, asked = moments[0], asked + 1
        await bench.run(wake, lambda: len(provider.polled) == asked)  # noqa: B023
        if asked == 3:
            bench.now = NOW + timedelta(hours=72)
            bench.store.write(lambda c: due.schedule(c, DueKind.POLL, _key(bench), bench.now))
    assert asked == 4
    assert _fates(bench) == ["sent"]


def _key(bench: Bench) -> str:
    return str(bench.store.read(lambda c: c.execute(sa.select(message.c.id)).scalar_one()))


async def test_a_message_that_was_reported_on_is_not_asked_about(bench: Bench, provider: Asked) -> None:
    await _send(bench)
    [(ref, _)] = provider.sent
    said = DeliveryReport(provider="phone", client_ref=ref, fate=Fate.DELIVERED, reason=Reason.DELIVERED, at=NOW)
    await settle(bench.desk, [said])
    bench.now += timedelta(minutes=2)
    await bench.run(wake, lambda: not _due(bench, DueKind.POLL))
    assert provider.polled == []


async def test_only_a_few_questions_are_in_the_air_and_all_are_asked_in_the_end(
    bench: Bench, provider: Asked
) -> None:
    await _send(bench, 12)
    provider.open.clear()
    bench.now += timedelta(minutes=2)
    task = asyncio.create_task(wake(bench.desk))
    async with asyncio.timeout(60):
        while len(provider.polled) < inquire.MOST or any(at <= bench.now for at in _due(bench, DueKind.POLL)[4:]):
            await asyncio.sleep(0.01)
        assert len(provider.polled) == inquire.MOST
        provider.open.set()
        while _fates(bench) != ["delivered"] * 12:
            bench.now += timedelta(seconds=5)
            bench.desk.bells.due.set()
            await asyncio.sleep(0.02)
    bench.desk.draining.set()
    await task
    assert provider.most <= inquire.MOST
    assert len(provider.polled) == 12


async def test_a_provider_that_bears_few_questions_is_asked_one_at_a_time(bench: Bench, provider: Asked) -> None:
    provider.poll_gap = timedelta(seconds=15)
    await _send(bench, 5)
    bench.now += timedelta(minutes=2)
    await bench.run(wake, lambda: bool(provider.polled) and all(at > bench.now for at in _due(bench, DueKind.POLL)))
    later = _due(bench, DueKind.POLL)
    assert len(provider.polled) == 1
    assert [at - bench.now for at in later] == [timedelta(seconds=15 * n) for n in range(1, 5)]


async def test_a_slow_provider_keeps_nobody_waiting(bench: Bench, provider: Asked) -> None:
    """Before, the timer waited for each answer: 30 s of a slow provider were 30 s of everybody's reminders."""
    await _send(bench)
    provider.open.clear()
    bench.now += timedelta(minutes=2)
    task = asyncio.create_task(wake(bench.desk))
    async with asyncio.timeout(60):
        while not provider.polled:
            await asyncio.sleep(0.01)
        bench.store.write(lambda c: due.schedule(c, DueKind.SWEEP, "personal data", bench.now))
        bench.desk.bells.due.set()
        while _due(bench, DueKind.SWEEP) == [bench.now]:
            await asyncio.sleep(0.01)
    assert provider.at_once == 1
    bench.desk.draining.set()
    await asyncio.sleep(0.05)
    assert not task.done(), "what is in the air is waited for"
    provider.open.set()
    await asyncio.wait_for(task, 60)
    assert _fates(bench) == ["delivered"]


async def test_whether_it_was_taken_is_asked_beside_the_timer_too(bench: Bench, provider: Asked) -> None:
    provider.provider_class = ProviderClass.QUERYABLE
    provider.answers, provider.asks = [SILENT], [ACCEPTED]
    await route(bench.desk, [a_notification()])
    await bench.run(send, lambda: bool(_due(bench, DueKind.ASK)))
    provider.open.clear()
    bench.now += timedelta(minutes=2)
    task = asyncio.create_task(wake(bench.desk))
    async with asyncio.timeout(60):
        bench.store.write(lambda c: due.schedule(c, DueKind.SWEEP, "personal data", bench.now))
        while _due(bench, DueKind.SWEEP) == [bench.now]:
            await asyncio.sleep(0.01)
    provider.open.set()
    async with asyncio.timeout(60):
        while _fates(bench) != ["sent"]:
            await asyncio.sleep(0.01)
    bench.desk.draining.set()
    await task


# ---- who reports nothing


def _incidents(bench: Bench) -> list[Incident]:
    return [noun for name, noun in bench.published if name == EVENTS.name]


async def _look(bench: Bench) -> None:
    bench.store.write(lambda c: due.schedule(c, DueKind.SILENCE, "providers", bench.now))
    await bench.run(wake, lambda: _due(bench, DueKind.SILENCE) > [bench.now])


async def test_a_provider_that_reports_nothing_is_told_of_once_until_it_does(bench: Bench, provider: Asked) -> None:
    provider.poll_gap = None
    people = {"anna": an_account(parts=100), "root": an_account("root")}
    bench.desk = replace(bench.desk, reporting=frozenset({"phone"}), accounts=people, admin="root")
    await _send(bench, silence.LEAST)
    bench.now += timedelta(minutes=11)
    for _ in range(3):
        await _look(bench)
        bench.now += timedelta(minutes=1)
    [told] = _incidents(bench)
    assert (told.account, told.what, told.subject) == ("root", What.NO_RECEIPTS, "phone")

    ref = provider.sent[0][0]
    said = DeliveryReport(provider="phone", client_ref=ref, fate=Fate.SENT, reason=Reason.ACCEPTED, at=NOW)
    await settle(bench.desk, [said])
    await _look(bench)
    assert bench.store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM incident")).scalar_one()) == 0
    assert bench.desk.alarmed == set()


async def test_what_a_provider_says_when_asked_is_no_report_of_its_own(bench: Bench, provider: Asked) -> None:
    bench.desk = replace(bench.desk, reporting=frozenset({"phone"}))
    await _send(bench, silence.LEAST)
    bench.now += timedelta(minutes=2)
    await bench.run(wake, lambda: bool(provider.polled))
    found = bench.store.read(lambda c: silence.find(c, ["phone"], NOW + timedelta(minutes=20)))
    assert [each.accepted for each in found] == [silence.LEAST]

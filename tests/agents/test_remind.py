"""Whose calendar is watched no more hears of it: once, whatever is restarted, and without its address."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from engine.agents import alarm, remind
from engine.agents.match import match
from engine.event import Incident, What
from engine.sources.calendar import feed as feeds
from engine.sources.calendar import watcher
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.watching import MEANT, State
from engine.store import incidents
from engine.topics import EVENTS, NOTIFICATIONS
from tests.agents.test_hops import Bench, Scripted
from tests.builders import an_account
from tests.servers.calendars import event
from tests.servers.publisher import Paper, Publisher

PATH = "/private-4711/basic.ics"
KEY = ("anna", "work")
GOOD = Paper(event("1", "Dentist").encode())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Calendars are looked at many times a second; the clock stands until it is set."""
    monkeypatch.setattr(feeds, "DEFAULT_REFRESH", timedelta(seconds=0.05))
    monkeypatch.setattr(watcher, "Pace", partial(watcher.Pace, start=0.05, first=0.05, cap=0.05))
    monkeypatch.setattr(remind, "RECONCILE", 0.1)
    monkeypatch.setattr(alarm, "AGAIN", 0.05)
    made = Bench(tmp_path, Scripted([]))
    yield made
    made.store.close()


@pytest.fixture
async def server() -> AsyncIterator[Publisher]:
    async with Publisher() as made:
        yield made


def a_feed(server: Publisher, name: str = "work") -> Feed:
    return Feed.model_validate(
        {
            "name": name,
            "url": f"{server.url}{PATH}?token=4711",
            "user": "anna-4711",
            "password": "open-sesame-4711",
            "private": True,
        }
    )


@asynccontextmanager
async def watching(bench: Bench, *watched: Feed) -> AsyncIterator[None]:
    """A worker watches these calendars of Anna's; it knows nothing of the one before."""
    desk = replace(
        bench.desk,
        feeds=[("anna", each) for each in watched],
        draining=asyncio.Event(),
        alarmed=set(),
        calendars={},
    )
    bench.desk = desk
    task = asyncio.create_task(remind.remind(desk))
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        desk.draining.set()
        desk.bells.calendars.set()
        await asyncio.wait_for(task, 60)


async def looks(bench: Bench, count: int) -> None:
    """Wait until so many more looks are over."""
    while KEY not in bench.desk.calendars:
        await asyncio.sleep(0.01)
    seen = bench.desk.calendars[KEY]
    until = seen.looks + count
    while seen.looks <= until:
        await asyncio.sleep(0.01)


async def reaches(bench: Bench, state: State) -> None:
    while KEY not in bench.desk.calendars or bench.desk.calendars[KEY].state is not state:
        await asyncio.sleep(0.01)


def told(bench: Bench) -> list[Incident]:
    return [noun for name, noun in bench.published if name == EVENTS.name and isinstance(noun, Incident)]


def standing(bench: Bench) -> set[tuple[str, str]]:
    return bench.store.read(lambda connection: incidents.subjects(connection, What.FEED_FAILING))


async def fails(bench: Bench, told_before: int = 0) -> None:
    """It is refused for as long as it takes."""
    await looks(bench, 2)
    bench.now += MEANT
    while len(told(bench)) == told_before:
        await asyncio.sleep(0.01)


async def ends(bench: Bench) -> None:
    while standing(bench):
        await asyncio.sleep(0.01)


async def test_a_refused_calendar_is_told_after_a_while_and_once(bench: Bench, server: Publisher) -> None:
    async with watching(bench, a_feed(server)):
        await looks(bench, 3)
        assert (told(bench), standing(bench)) == ([], set())
        began = bench.now
        await fails(bench)
        await looks(bench, 3)
    [event] = told(bench)
    subject = f"work, 127.0.0.1:{server.port}"
    assert (event.account, event.what, event.subject, event.began_at) == (
        "anna",
        What.FEED_FAILING,
        subject,
        began,
    )
    await match(bench.desk, [event])
    [notice] = [noun for name, noun in bench.published if name == NOTIFICATIONS.name]
    assert subject in notice.text
    assert "4711" not in f"{event!r} {notice!r}"


async def test_it_is_told_once_over_restarts_and_again_when_it_was_well_between(
    bench: Bench, server: Publisher
) -> None:
    async with watching(bench, a_feed(server)):
        await fails(bench)
    async with watching(bench, a_feed(server)):
        await fails(bench, 1)
        assert len({each.id for each in told(bench)}) == 1
    async with watching(bench, a_feed(server)):
        for again in (2, 3):
            server.papers[PATH] = GOOD
            await reaches(bench, State.WAITING)
            await ends(bench)
            server.papers.clear()
            await fails(bench, again)
            assert len({each.id for each in told(bench)}) == again


async def test_a_server_that_is_away_is_told_after_hours(bench: Bench, server: Publisher) -> None:
    server.papers[PATH] = GOOD
    async with watching(bench, a_feed(server)):
        await reaches(bench, State.WAITING)
        began = bench.now
        server.statuses[PATH] = (503, {})
        await looks(bench, 4)
        bench.now += timedelta(hours=5, minutes=59)
        await looks(bench, 4)
        assert told(bench) == []
        bench.now += timedelta(minutes=1)
        while not told(bench):
            await asyncio.sleep(0.01)
        await looks(bench, 4)
        assert [each.began_at for each in told(bench)] == [began]
        server.statuses.clear()
        await ends(bench)


@pytest.mark.parametrize("after", ["removed", "at another host"])
async def test_what_fails_is_over_when_it_is_configured_no_more(bench: Bench, server: Publisher, after: str) -> None:
    async with watching(bench, a_feed(server)):
        await fails(bench)
    async with Publisher() as other, watching(bench, *([a_feed(other)] if after == "at another host" else [])):
        await ends(bench)


async def test_what_fails_elsewhere_is_left_to_whose_it_is(bench: Bench, server: Publisher) -> None:
    async with watching(bench, a_feed(server)):
        await fails(bench)
    bench.desk = replace(bench.desk, owns=lambda account: False)
    async with watching(bench):
        await asyncio.sleep(0.5)
    assert standing(bench) == {("anna", f"work, 127.0.0.1:{server.port}")}


async def test_while_the_stream_is_down_the_calendar_is_watched_and_told_later(
    bench: Bench, server: Publisher
) -> None:
    async with watching(bench, a_feed(server)):
        bench.broken = True
        await looks(bench, 2)
        bench.now += MEANT
        await looks(bench, 5)
        assert told(bench) == []
        bench.broken = False
        while not told(bench):
            await asyncio.sleep(0.01)


async def test_of_whom_has_no_number_the_admin_hears(bench: Bench, server: Publisher) -> None:
    people = {"anna": an_account(numbers=()), "root": an_account("root")}
    bench.desk = replace(bench.desk, accounts=people, admin="root")
    async with watching(bench, a_feed(server)):
        await fails(bench)
    assert {each.account for each in told(bench)} == {"root"}

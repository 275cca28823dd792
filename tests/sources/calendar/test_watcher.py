"""A watcher looks, hands over what changed, and keeps the last good copy whatever happens."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import SourceError, StoreError
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.watcher import Pace, State, Watcher, Watching
from engine.visit import Bounds
from tests.servers.calendars import Calendar, event
from tests.servers.publisher import Listener, Paper, Publisher, stay_silent

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
ONE, TWO = event("1", "Dentist").encode(), event("2", "Lunch").encode()


class Desk:
    """Takes copies; can be made to fail."""

    def __init__(self) -> None:
        self.copies: list[Copy] = []
        self.errors: list[Exception] = []
        self.came = asyncio.Event()

    async def deliver(self, copy: Copy) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.copies.append(copy)
        self.came.set()

    @property
    def titles(self) -> list[str]:
        return ["Lunch" if "Lunch" in copy.text else "Dentist" if copy.text else "" for copy in self.copies]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def watch(feed: Feed, desk: Desk, *, copy: Copy | None = None, **how: Any) -> Watcher:
    jitter: Callable[[float], float] = how.pop("jitter", lambda _ceiling: 0.0)
    return Watcher("anna", feed, copy=copy, deliver=desk.deliver, clock=lambda: NOW, jitter=jitter, **how)


def feed_at(server: Publisher | Listener, **written: Any) -> Feed:
    return Feed(name="work", url=f"{server.url}/a.ics", private=True, **written)


async def test_what_changed_is_handed_over_and_what_did_not_is_not(desk: Desk) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE)
        watcher = watch(feed_at(server), desk)
        assert [await watcher.look(), await watcher.look()] == [900, 900]
        server.papers["/a.ics"] = Paper(TWO)
        await watcher.look()
        assert desk.titles == ["Dentist", "Lunch"]
        assert server.answered == [200, 304, 200]
        seen = watcher.watching
        assert (seen.state, seen.looks, seen.changes, seen.heard_at) == (State.WAITING, 3, 2, NOW)


async def test_a_new_version_that_reads_as_the_old_one_is_not_handed_over(desk: Desk) -> None:
    async with Publisher() as server:
        watcher = watch(feed_at(server), desk)
        for modified in (1_800_000_000, 1_900_000_000):
            server.papers["/a.ics"] = Paper(ONE, etag=False, modified=modified)
            await watcher.look()
        await watcher.look()
        assert server.answered == [200, 200, 304]
        assert desk.titles == ["Dentist"]


async def test_a_watcher_goes_on_from_the_copy_it_is_given(desk: Desk) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE)
        first = watch(feed_at(server), desk)
        await first.look()
        await watch(feed_at(server), desk, copy=desk.copies[0]).look()
        assert desk.titles == ["Dentist"]
        assert server.answered == [200, 304]


async def test_the_first_copy_is_handed_over_even_when_it_is_empty(desk: Desk, calendar: Calendar) -> None:
    feed = Feed(
        name="work",
        caldav=calendar.url,
        private=True,
        user=calendar.server.user,
        password=calendar.server.password or None,  # type: ignore[arg-type]
    )
    watcher = watch(feed, desk)
    await watcher.look()
    await watcher.look()
    calendar.put("u1", "Lunch")
    await watcher.look()
    assert desk.titles == ["", "Lunch"]


FAULTS: dict[str, tuple[Callable[[Publisher], None], State, str]] = {
    "gone": (lambda server: server.papers.clear(), State.REFUSED, "no calendar at this address"),
    "page": (
        lambda server: server.papers.update({"/a.ics": Paper(b"<html>")}),
        State.REFUSED,
        "a web page, not a calendar",
    ),
    "half": (
        lambda server: server.papers.update({"/a.ics": Paper(TWO[:-30])}),
        State.BACKING_OFF,
        "breaks off in the middle",
    ),
    "broken": (
        lambda server: server.statuses.update({"/a.ics": (500, {})}),
        State.BACKING_OFF,
        "an error of its own",
    ),
    "forbidden": (
        lambda server: server.redirects.update({"/a.ics": (302, "http://169.254.169.254/")}),
        State.REFUSED,
        "the metadata service of a cloud",
    ),
    "too long": (
        lambda server: server.papers.update({"/a.ics": Paper(TWO * 10_000)}),
        State.REFUSED,
        "longer than",
    ),
}


@pytest.mark.parametrize(("break_it", "state", "words"), FAULTS.values(), ids=FAULTS)
async def test_the_last_good_copy_outlives_a_bad_look(
    desk: Desk, break_it: Callable[[Publisher], None], state: State, words: str
) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE)
        watcher = watch(feed_at(server), desk, bounds=Bounds(bytes=100_000))
        await watcher.look()
        break_it(server)
        await watcher.look()
        seen = watcher.watching
        assert (seen.state, seen.failures, desk.titles) == (state, 1, ["Dentist"])
        assert words in seen.error
        assert "to mend it:" in seen.error
        assert watcher.copy is desk.copies[0]

        server.statuses.clear()
        server.redirects.clear()
        server.papers["/a.ics"] = Paper(TWO)
        await watcher.look()
        assert (seen.state, seen.failures, seen.error, desk.titles) == (State.WAITING, 0, "", ["Dentist", "Lunch"])


async def test_a_server_that_is_away_is_asked_less_and_less_often(desk: Desk) -> None:
    async with Listener() as server:
        pass
    asked: list[float] = []

    def jitter(ceiling: float) -> float:
        asked.append(ceiling)
        return ceiling

    watcher = watch(feed_at(server), desk, jitter=jitter)
    waits = [await watcher.look() for _ in range(10)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert asked == [wait / 2 for wait in waits]
    assert watcher.watching.state is State.BACKING_OFF


async def test_a_feed_that_somebody_must_mend_is_asked_at_its_ordinary_pace(desk: Desk) -> None:
    async with Publisher() as server:
        watcher = watch(feed_at(server, refresh="10m"), desk)
        assert [await watcher.look() for _ in range(3)] == [600, 600, 600]


async def test_a_first_refusal_is_looked_at_again_soon_where_the_pace_is_slow(desk: Desk) -> None:
    async with Publisher() as server:
        watcher = watch(feed_at(server, refresh="1 day"), desk)
        assert [await watcher.look() for _ in range(3)] == [3600, 86400, 86400]


async def test_it_fails_from_its_first_bad_look_until_the_next_good_one(desk: Desk) -> None:
    async with Publisher() as server:
        watcher = watch(feed_at(server), desk)
        watcher._clock = iter(NOW + timedelta(hours=hour) for hour in range(100)).__next__
        seen, failing = watcher.watching, []
        for status in (404, 500, 404, 200, 404):
            server.statuses["/a.ics"] = (status, {})
            if status == 200:
                del server.statuses["/a.ics"]
                server.papers["/a.ics"] = Paper(ONE)
            await watcher.look()
            failing.append((seen.failures, seen.refusals, seen.failing_since))
        since = failing[0][2]
        assert failing == [(1, 1, since), (2, 1, since), (3, 2, since), (0, 0, None), (1, 1, failing[4][2])]
        assert None not in (since, failing[4][2])


async def test_a_feed_whose_copy_the_store_cannot_take_does_not_fail(desk: Desk) -> None:
    async with Publisher() as server:
        watcher = watch(feed_at(server), desk)
        await watcher.look()
        server.papers["/a.ics"] = Paper(ONE)
        desk.errors = [StoreError("the store is full")]
        await watcher.look()
        seen = watcher.watching
        assert (seen.failures, seen.refusals, seen.failing_since) == (2, 0, None)


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(desk: Desk) -> None:
    async with Publisher() as server:
        server.statuses["/a.ics"] = (429, {"Retry-After": "7200"})
        assert await watch(feed_at(server), desk).look() == 7200


async def test_the_publisher_says_how_often_and_chance_spreads_it(desk: Desk) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE.replace(b"VERSION", b"X-PUBLISHED-TTL:PT1H\r\nVERSION", 1))
        watcher = watch(feed_at(server), desk, jitter=lambda ceiling: ceiling)
        assert await watcher.look() == 3600 + 360


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (StoreError("the store is full"), State.BACKING_OFF),
        (SourceError("the calendar holds over 20000 appointments"), State.REFUSED),
        (RuntimeError("a bug"), State.BACKING_OFF),
    ],
    ids=["store", "refused", "bug"],
)
async def test_a_copy_that_could_not_be_delivered_comes_again(desk: Desk, error: Exception, state: State) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE)
        watcher = watch(feed_at(server), desk)
        desk.errors = [error]
        await watcher.look()
        assert (watcher.watching.state, watcher.copy) == (state, None)
        assert str(error) in watcher.watching.error
        await watcher.look()
        assert desk.titles == ["Dentist"]
        assert server.answered == [200, 200]


async def test_a_silent_server_does_not_hold_a_watcher(desk: Desk) -> None:
    async with Listener(stay_silent) as server:
        watcher = watch(feed_at(server), desk, bounds=Bounds(silence=0.2, whole=0.5))
        await watcher.look()
        assert "timed out" in watcher.watching.error


async def test_objects_that_a_server_does_not_show_are_counted(desk: Desk) -> None:
    async with Publisher() as server:
        names = "<response><href>/c/1.ics</href></response>"
        server.queue = [
            (207, f'<multistatus xmlns="DAV:">{names}<sync-token>t</sync-token></multistatus>'),
            (207, '<multistatus xmlns="DAV:"/>'),
        ]
        watcher = watch(Feed(name="work", caldav=f"{server.url}/c/", private=True), desk)
        await watcher.look()
        assert (watcher.watching.state, watcher.watching.unread) == (State.WAITING, 1)


@contextlib.asynccontextmanager
async def running(watcher: Watcher) -> AsyncIterator[None]:
    task = asyncio.create_task(watcher.run())
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_watcher_runs_until_it_is_cancelled(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "home.ics"
    path.write_bytes(ONE)
    states: list[State] = []

    def note(watching: Watching) -> None:
        states.append(watching.state)

    watcher = watch(Feed(name="home", file=path), desk, on_state=note)
    async with running(watcher):
        await desk.came.wait()
        while watcher.watching.next_at != NOW + timedelta(minutes=1):
            await asyncio.sleep(0)
    assert states == [State.WAITING, State.STOPPED]


async def test_feeds_that_are_known_are_not_all_asked_at_the_moment_of_a_start(desk: Desk, tmp_path: Path) -> None:
    watcher = watch(Feed(name="home", file=tmp_path / "home.ics"), desk, copy=Copy(), jitter=lambda ceiling: ceiling)
    async with running(watcher):
        while watcher.watching.next_at is None:
            await asyncio.sleep(0)
        assert watcher.watching.next_at == NOW + timedelta(seconds=20)
    assert watcher.watching.looks == 0


async def test_the_same_trouble_is_logged_once_and_no_log_holds_the_address(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with Publisher() as server:
        feed = Feed(name="work", url=f"{server.url}/private-4711.ics?token=4711", private=True)
        watcher = watch(feed, desk)
        with caplog.at_level(logging.DEBUG, "tocsin"):
            for _ in range(3):
                await watcher.look()
            server.papers["/private-4711.ics"] = Paper(ONE)
            await watcher.look()
            server.papers.clear()
            await watcher.look()
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert "4711" not in caplog.text


def test_a_pace_ends_at_its_cap() -> None:
    assert Pace().back_off(10_000) == 3600

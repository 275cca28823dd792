"""Several engines, one Kafka, one PostgreSQL: each reminder is told once, whoever dies, and each calendar has one
watcher."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.crew import Crew, people
from tests.servers.feeds import Feeds
from tests.servers.installation import ROOT, Installation
from tests.servers.postgres import PostgresServer
from tests.servers.pymap_server import PymapServer
from tests.store.office import Appointment

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
#: As many as make sure that each of two workers has some: with these, 8 of the 12 partitions are in use.
ACCOUNTS = 12
HASTY = Path(__file__).parents[1] / "servers" / "hasty"
RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Work, when: {calendar: work}, remind: 0 min, late: {after: 3h}, notify: {to: me, text: "{title}"}}
"""
AGENDA = "agenda: [{name: morning, at: '07:30', span: week}]\n"


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines look at their calendars several times a second. The engine is loaded for that before the folder in
    which it is started is on Python's path."""
    monkeypatch.setenv("PYTHONPATH", f"{HASTY}{os.pathsep}{ROOT}")


class Calendars(Crew):
    """A crew whose accounts have a calendar each."""

    feeds: Feeds

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, stream: str, store: str, *, more: str = "") -> AsyncIterator["Calendars"]:
        """Nobody is hired yet. `more`: of each account's file."""
        async with PymapServer.running(users=ACCOUNTS) as server:
            crew = cls(folder, stream, store, people(ACCOUNTS), server, rules=RULES)
            crew.feeds = Feeds(crew.alive)
            for each in crew.people:
                each.more = crew.feeds.entry(each.id) + more
            async with crew.feeds.serving():
                try:
                    yield crew
                finally:
                    await crew.close()

    def put(self, account: str, title: str, start: datetime) -> None:
        """Write an appointment that is told of when it starts."""
        self.feeds.calendars[account][title] = Appointment(start, title)
        self.delivered[title] = account

    def put_everywhere(self, name: str, **ahead: float) -> None:
        """The same in every calendar."""
        for each in self.people:
            self.put(each.id, f"{name} {each.id}", soon(**ahead))

    def fill(self, count: int, seconds: float) -> None:
        """So many appointments, round all calendars, that fall due over so many seconds from soon on."""
        for number in range(count):
            each = self.people[number % ACCOUNTS]
            self.put(each.id, f"no. {number}", soon(seconds=5 + seconds * number / count))

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for it."""
        await self.workers[0].until(condition, what)

    async def planned(self) -> None:
        """Wait until every reminder is in the store."""
        wanted = len(self.delivered)
        await self.until(lambda: self.workers[0].count("reminder") == wanted, f"{wanted} reminders to be planned")

    async def fired(self) -> None:
        """Wait until every reminder that is to be told is noted as told, and the phone has it."""
        wanted = len(self.delivered)
        await self.until(lambda: self.workers[0].count("reminder", "state = 'fired'") == wanted, f"{wanted} to fire")
        await self.arrived()

    async def watched(self) -> None:
        """Wait until each calendar has one watcher, and every worker has some."""
        since = len(self.feeds.looks)

        def settled() -> bool:
            nonlocal since
            looks = Counter(self.feeds.looks[since:])
            watchers = self.feeds.watchers(since)
            if any(len(each) > 1 or not each <= self.alive() for each in watchers.values()):
                since = len(self.feeds.looks)
                return False
            each_thrice = len(looks) == ACCOUNTS and min(looks.values()) >= 3
            return each_thrice and set.union(*watchers.values()) == self.alive()

        await self.until(settled, f"{ACCOUNTS} calendars to have one watcher each")

    def unasked(self) -> list[str]:
        """What was told though nobody should."""
        return sorted(self.taken().keys() - self.delivered.keys())

    def wrong(self) -> dict[str, list[str]]:
        """Everything that is not as it must be."""
        found = {
            "lost": self.lost(),
            "twice": self.twice(),
            "unasked": self.unasked(),
            "differences": self.differences(),
            "tracebacks": self.tracebacks(),
        }
        return {name: those for name, those in found.items() if those}


def soon(**ahead: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**ahead)).replace(microsecond=0)


def now() -> int:
    """As the store keeps a moment."""
    return int(datetime.now(UTC).timestamp() * 1_000_000)


def has_fired(worker: Installation) -> bool:
    return "reminders were due" in worker.log.read_text()


async def end(crew: Calendars) -> None:
    """What the dead had in hand is told again, by the same ids. What is put last comes last on every partition:
    whatever was to come twice is in the send queue by then."""
    await crew.watched()
    await crew.fired()
    crew.put_everywhere("last", seconds=1)
    await crew.fired()
    on_the_way = "SELECT 1 FROM message WHERE fate IN ('queued', 'sending')"
    await crew.until(lambda: not crew.workers[0].rows(on_the_way), "the send queue to be empty")
    for worker in crew.workers:
        if not worker.ended:
            assert await worker.end_engine() == 0


async def test_each_reminder_is_told_once_though_a_worker_is_killed_while_they_fall_due(
    kafka_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    async with Calendars.open(tmp_path, kafka_url, postgres.create()) as crew:
        first, second = await crew.hire(), await crew.hire()
        await crew.watched()
        crew.fill(count=180, seconds=20)
        await crew.planned()
        doomed = [(each.id, f"off {each.id}") for each in crew.people]
        for account, title in doomed:
            crew.feeds.calendars[account][title] = Appointment(soon(minutes=10), title)
        await crew.until(lambda: first.count("reminder") == 180 + ACCOUNTS, "those that are to be cancelled")
        await crew.until(lambda: len(crew.taken()) >= 60, "a third to be told")
        assert len(crew.taken()) < 180
        await crew.dismiss(second if has_fired(second) else first, signal.SIGKILL)
        # Until the group has noticed, nobody looks at its calendars, and what it had in hand waits for its lease.
        crew.put_everywhere("unseen", seconds=1)
        for account, title in doomed:
            crew.feeds.calendars[account][title].status = "CANCELLED"
        await end(crew)
        assert first.count("reminder", "state = 'withdrawn'") == ACCOUNTS
        assert crew.wrong() == {}


@pytest.mark.parametrize("how", [pytest.param("term", marks=pytest.mark.long), "kill"])
async def test_each_reminder_is_told_once_though_whoever_tells_some_ends_before_noting_it(
    kafka_url: str, postgres: PostgresServer, tmp_path: Path, how: str
) -> None:
    async with Calendars.open(tmp_path, kafka_url, postgres.create()) as crew:
        if how == "term":
            crew.provider_class = "opaque"  # whoever leaves in good order leaves nothing in doubt
        doomed = [await crew.hire(failpoint=f"reminder_published:3:{how}") for _ in range(2)]
        await crew.watched()
        crew.fill(count=120, seconds=10)
        await crew.until(lambda: any(each.ended for each in doomed), "one of them to end")
        await crew.hire()
        await end(crew)
        expected = 0 if how == "term" else -signal.SIGKILL
        assert expected in [each.engine.returncode for each in doomed if each.engine]
        assert crew.wrong() == {}


@pytest.mark.long
async def test_an_agenda_is_told_once_by_two_workers_though_one_is_killed_between_telling_and_noting_it(
    kafka_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    async with Calendars.open(tmp_path, kafka_url, postgres.create(), more=AGENDA) as crew:
        first, second = await crew.hire(), await crew.hire(failpoint="agenda_published:3:kill")
        await crew.watched()
        for each in crew.people:
            crew.feeds.calendars[each.id]["dentist"] = Appointment(soon(days=1), f"dentist of {each.id}")
        await crew.until(lambda: first.count("occasion") == ACCOUNTS, "the appointments")
        assert first.count("due", "kind = 'agenda'") == ACCOUNTS
        assert first.engine is not None
        first.engine.send_signal(signal.SIGSTOP)  # or it would take all of them
        first.change(f"UPDATE due SET at = {now()} WHERE kind = 'agenda'")
        await crew.until(lambda: second.ended, "the second to end")
        first.engine.send_signal(signal.SIGCONT)
        assert first.count("due", "kind = 'agenda' AND lease IS NOT NULL") == ACCOUNTS - 2
        first.change(f"UPDATE due SET lease = {now()} WHERE kind = 'agenda' AND lease IS NOT NULL")
        await crew.until(
            lambda: first.count("due", f"kind = 'agenda' AND at > {now()}") == ACCOUNTS,
            "every agenda to be due another day",
        )
        await end(crew)
        assert crew.phone is not None
        told = {line["to"]: line["text"] for line in crew.phone.taken() if line["text"] not in crew.delivered}
        assert [each.id for each in crew.people if f"dentist of {each.id}" not in told.get(each.number, "")] == []
        assert len(crew.taken()) == 2 * ACCOUNTS
        assert (crew.lost(), crew.twice(), crew.differences(), crew.tracebacks()) == ([], [], [], [])

"""The reminder part of `make bench ONLY=appointments`: what a million pending ones weigh, how late those of a busy
second are, and how soon they are with the provider.

`python -m benchmarks.reminders FOLDER` is the firing side, a process of its own: the engine's timer on the store and
the stream of that folder, until all that are due are told.
"""

import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from benchmarks.figures import figure
from engine import topics
from engine.account import Account
from engine.agents.app import Stream
from engine.agents.desk import Bells, Desk
from engine.agents.wake import wake
from engine.channels.tariff import Tariff
from engine.dead_letter import DeadLetter
from engine.document import read
from engine.occasion import Occasion
from engine.reminder import Reminder
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from engine.store import occasions, reminders, revision
from engine.store.database import Database
from engine.wiring import calm_the_collector
from tests.servers.installation import ROOT, Installation, Person
from tests.servers.pymap_server import PymapServer

MANY, FEW, DUE, DRAINED, ROUNDS = 1_000_000, 10_000, 10_000, 2_000, 3
PEOPLE = [f"a{n}" for n in range(100)]
FEED, DAYS, AHEAD = "work", 30, timedelta(hours=2)
#: Until the busy second begins, for the timer to notice: it looks at least every five seconds for what others wrote.
LEAD = timedelta(seconds=25)
RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Remind, when: {title: {contains: appointment}}, remind: 2 h, late: {after: 1 h, then: drop},
     notify: {to: me, text: "{title}"}}
"""
_SPREAD = """
WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :count)
INSERT INTO reminder (key, account_id, feed, uid, starts_at, rule, label, at, state, reason, turn, change)
SELECT lower(hex(randomblob(16))), 'a' || (n % :people), :feed, 'pending-' || n, :first + n * :step + :ahead,
       'global/remind', '2h', :first + n * :step, 'pending', '', 0, '' FROM number
"""


async def run() -> bool:
    """All figures; true when all are met."""
    with tempfile.TemporaryDirectory(prefix="tocsin-reminders-") as name:
        met = await _timer(Path(name))
        return await _drain(Path(name)) and met


# ---- the firing side


async def _timer(folder: Path) -> bool:
    """Memory and lateness: the same busy seconds with few and with many others pending, and without an engine."""
    weights: dict[int, list[float]] = {FEW: [], MANY: []}
    late: dict[str, list[list[float]]] = {"few": [], "many": [], "bare": []}
    for pending in weights:
        (folder / str(pending)).mkdir()
        begun = time.perf_counter()
        _spread(folder / str(pending), pending)
        print(f"  {pending} pending reminders over {DAYS} days are written in {time.perf_counter() - begun:.0f} s")
    for turn in range(ROUNDS):
        draw = random.Random(turn)
        moments = [draw.random() for _ in range(DUE)]
        for pending in (FEW, MANY) if turn % 2 else (MANY, FEW):
            said = await _fired(folder / str(pending), moments, turn)
            weights[pending].append(said["resident"])
            late["few" if pending == FEW else "many"].append(said["late"])
        late["bare"].append(await _called(moments))
    for name, rounds in late.items():
        shown = "; ".join(f"{_p(each, 50):.0f} and {_p(each, 99):.0f}" for each in rounds)
        print(f"  {DUE} in one second, {name}: lateness p50 and p99 by round, ms: {shown}")
    few, many = (statistics.median(weights[each]) for each in (FEW, MANY))
    print(f"  most resident memory of the timer, {ROUNDS} rounds: {few:.1f} MB with {FEW}, {many:.1f} MB with {MANY}")
    beside = f"the same timer with {FEW} pending"
    met = figure("reminders.resident_memory", round(many / few, 3), "<=", 1.1, beside)
    ours, bare = (statistics.median(_p(each, 99) for each in late[name]) for name in ("many", "bare"))
    beside = f"asyncio.call_at for the same {DUE} moments, out of {MANY} pending"
    return figure("reminders.late_p99_above_call_at_ms", round(ours - bare, 1), "<=", 100, beside) and met


def _spread(folder: Path, count: int) -> None:
    """A store with so many pending reminders, the first of them due in an hour."""
    store = Database(f"sqlite:///{folder}/store.db")
    revision.ensure(store)
    store.close()
    values = {
        "count": count,
        "people": len(PEOPLE),
        "feed": FEED,
        "first": int((time.time() + 3600) * 1e6),
        "step": DAYS * 86_400_000_000 // count,
        "ahead": AHEAD // timedelta(microseconds=1),
    }
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        connection.execute("PRAGMA cache_size=-500000")
        connection.execute(_SPREAD, values)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _fired(folder: Path, moments: Sequence[float], turn: int) -> dict[str, Any]:
    """What a timer says of itself that told these of the coming second."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.reminders", str(folder)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 22,
    )
    assert child.stdout is not None
    await child.stdout.readline()
    due = a_second(datetime.now(UTC) + LEAD, moments, f"turn{turn}", PEOPLE)
    await asyncio.to_thread(_keep, f"sqlite:///{folder}/store.db", due)
    said: dict[str, Any] = json.loads(await child.stdout.readline())
    await child.wait()
    return said


def a_second(
    begin: datetime, moments: Sequence[float], name: str, people: Sequence[str]
) -> list[tuple[Reminder, Occasion]]:
    """A reminder for each moment of a second, given in seconds, each of an appointment of its own."""
    found = []
    for number, moment in enumerate(moments):
        at = begin + timedelta(seconds=moment)
        account, uid = people[number % len(people)], f"{name}-{number}@bench.example"
        found.append(
            (
                Reminder(account, FEED, uid, at + AHEAD, "global/remind", "2h", at),
                Occasion(
                    feed=FEED,
                    uid=uid,
                    starts_at=at + AHEAD,
                    ends_at=at + 2 * AHEAD,
                    title=f"Appointment {number}",
                    location=f"Room {number % 40}",
                    description="Agenda, minutes and the usual link to the meeting that nobody reads to its end",
                ),
            )
        )
    return found


def _keep(url: str, due: Sequence[tuple[Reminder, Occasion]]) -> None:
    store = Database(url)

    def keep(connection: Any) -> None:
        for reminder, occasion in due:
            held.setdefault(reminder.account, []).append(occasion)
        for account, those in held.items():
            occasions.put_all(connection, account, those)
        reminders.keep(connection, [reminder for reminder, _ in due])

    held: dict[str, list[Occasion]] = {}
    store.write(keep)
    store.close()


async def _called(moments: Sequence[float]) -> list[float]:
    """Milliseconds by which bare `asyncio.call_at` was late for these moments."""
    loop, late, done = asyncio.get_running_loop(), list[float](), asyncio.Event()
    begin = loop.time() + 1

    def call(at: float) -> None:
        late.append(1000 * (loop.time() - at))
        if len(late) == len(moments):
            done.set()

    for moment in moments:
        loop.call_at(begin + moment, call, begin + moment)
    await done.wait()
    return late


def _p(values: Sequence[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100 - 1]


async def timer(folder: Path) -> None:
    """Run the engine's timer until all of a second are told; say when it is ready, and at the end what it saw."""
    late: list[float] = []
    stream = _stream(f"sqlite:///{folder}/stream.db")

    async def publish(topic: topics.Topic, nouns: Sequence[Any]) -> None:
        await stream.publish(topic, nouns)
        now = datetime.now(UTC)
        late.extend((now - each.due_at) / timedelta(milliseconds=1) for each in nouns)
        if len(late) >= DUE:
            desk.draining.set()

    desk = Desk(
        store=Database(f"sqlite:///{folder}/store.db"),
        accounts={each: Account(id=each, numbers=("+32470000001",)) for each in PEOPLE},
        ruleset=_ruleset(),
        tariff=Tariff("EUR", []),
        providers={},
        publish=publish,
        clock=lambda: datetime.now(UTC),
        jitter=lambda seconds: seconds,
        mailboxes=[],
        owns=lambda account: True,
        office=cast(Any, None),
        bells=Bells(),
    )
    calm_the_collector()
    await stream.start()
    print("ready", flush=True)
    await wake(desk)
    await stream.stop()
    desk.store.close()
    print(json.dumps({"late": late, "resident": _most_resident()}), flush=True)


def _stream(url: str) -> Stream:
    async def bury(letter: DeadLetter) -> None:
        raise AssertionError(letter.error)

    def fatal(error: BaseException) -> None:
        raise error

    return Stream(url, [], bury=bury, fatal=fatal, clock=lambda: datetime.now(UTC))


def _ruleset() -> Ruleset:
    document = read(RULES, "rules/global/rules.yaml")
    ruleset, problems = load([RuleFolder("global", "rules/global", [document])], PEOPLE, "bench")
    assert not problems, problems
    return ruleset


def _most_resident() -> float:
    """MB, the most this process ever had."""
    line = next(each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


# ---- the drain


async def _drain(folder: Path) -> bool:
    """Seconds until a phone has all that were due, beside those for which the stream holds the events at once."""
    took: dict[str, list[float]] = {"due": [], "injected": []}
    async with PymapServer.running(users=1) as server:
        for turn in range(ROUNDS):
            for way in sorted(took, reverse=bool(turn % 2)):
                took[way].append(await _drained(folder / f"{way}{turn}", server, way == "injected"))
    for way, each in took.items():
        print(f"  {DRAINED} to the phone, {way}: " + ", ".join(f"{seconds:.1f} s" for seconds in each))
    ratio = statistics.median(due / direct for due, direct in zip(took["due"], took["injected"], strict=True))
    return figure("reminders.drain", round(ratio, 2), "<=", 1.2, "the same events put on the stream directly")


async def _drained(folder: Path, server: PymapServer, injected: bool) -> float:
    """Seconds from the engine's start, with everything due or on its stream, until the phone has all of it."""
    folder.mkdir()
    place, people = Installation(folder), [Person(f"a{n}", f"+3247{n:07d}", "u1", parts=DRAINED) for n in range(20)]
    try:
        phone = await place.start_phone()
        place.write(people, server, shared=RULES)
        await place.start_engine()
        await place.end_engine()
        due = a_second(datetime.now(UTC), [0.0] * DRAINED, "due", [each.id for each in people])
        if injected:
            stream = _stream(f"sqlite:///{folder}/var/stream.db")
            await stream.start()
            await stream.publish(topics.EVENTS, [each.event(occasion, late=False) for each, occasion in due])
            await stream.stop()
        else:
            _keep(f"sqlite:///{folder}/var/store.db", due)
        begun = time.perf_counter()
        await place.start_engine()
        await place.until(lambda: len(phone.taken()) >= DRAINED, "all at the phone", 600)
        return time.perf_counter() - begun
    finally:
        await place.close()


if __name__ == "__main__":
    asyncio.run(timer(Path(sys.argv[1])))

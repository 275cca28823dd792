"""`make bench ONLY=appointments`: polls of 10,000 appointments beside parsing and expanding all of them at each, and
the reminders (`benchmarks/reminders.py`)."""

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from benchmarks import reminders
from benchmarks.figures import figure
from engine.pool import Pool
from engine.sources.calendar.read import MODULES, read
from engine.sources.calendar.refresh import HORIZON, FeedState, plan
from tests.sources.calendar.attacks import REFUSED

EVENTS, ROUNDS, ZONE = 10_000, 3, "Europe/Brussels"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
WINDOW = (NOW - timedelta(days=2), NOW + HORIZON)


async def run() -> bool:
    """The figures of the polls, of the loop's stall, of the attacks and of the reminders; true when all are met."""
    text = a_calendar(EVENTS)
    texts = {
        "unchanged": text,
        "stamped": text.replace("DTSTAMP:20261122T100000Z", "DTSTAMP:20261122T101500Z"),
        "one_changed": text.replace("SUMMARY:Appointment 77\r", "SUMMARY:Appointment 77, moved\r"),
    }
    whole = _spent(lambda: _naive(text), 1)
    print(
        f"  {EVENTS} appointments, {len(text) / 1e6:.1f} MB; to parse and expand all: {whole:.2f} s of processor time"
    )
    state, met = plan(FeedState(), [text], ZONE, WINDOW).state, True
    beside = "icalendar's parse and recurring_ical_events' window of all, at each poll"
    for (name, each), goal in zip(texts.items(), (300, 20, 20), strict=True):
        spent = _spent(lambda: plan(state, [each], ZONE, WINDOW), ROUNDS)  # noqa: B023
        print(f"  a poll {name}: {1000 * spent:.1f} ms")
        met &= figure(f"appointments.{name}", round(whole / spent), ">=", goal, beside)
    stall, first = await _stall(text, texts["one_changed"])
    print(f"  the first poll, in the pool's process: {first:.1f} s by the clock")
    met &= figure(
        "appointments.loop_stall_ms", round(1000 * stall, 1), "<=", 50, "a loop that ticks every millisecond"
    )
    slowest, name = await _attacks()
    met &= figure("appointments.attack_s", round(slowest, 2), "<=", 1, f"the slowest of {len(REFUSED)}: {name}")
    return await reminders.run() and met


def a_calendar(count: int) -> str:
    """A calendar as people have them: one in five recurs, a third has an alarm, some instances are left out."""
    draw = random.Random(1)
    events = []
    for number in range(count):
        start = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * draw.randrange(4 * 24 * 365 * 6))
        lines = [
            "BEGIN:VEVENT",
            f"UID:{number:05d}-{draw.getrandbits(64):016x}@bench.example",
            "DTSTAMP:20261122T100000Z",
            f"DTSTART;TZID={ZONE}:{start:%Y%m%dT%H%M%S}",
            f"DTEND;TZID={ZONE}:{start + timedelta(hours=1):%Y%m%dT%H%M%S}",
            f"SUMMARY:Appointment {number}",
            f"LOCATION:Room {number % 40}",
            "DESCRIPTION:Agenda\\, minutes and the usual link to the meeting that nobody",
            "  reads to its end\\nbut that makes the feed long",
        ]
        if number % 5 == 0:
            lines.append(
                f"RRULE:FREQ={draw.choice(['DAILY', 'WEEKLY', 'WEEKLY', 'MONTHLY'])};COUNT={draw.randrange(5, 400)}"
            )
            lines.append(f"EXDATE;TZID={ZONE}:{start + timedelta(days=7):%Y%m%dT%H%M%S}")
        if number % 3 == 0:
            lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM"]
        events.append("\r\n".join([*lines, "END:VEVENT", ""]))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(events)}END:VCALENDAR\r\n"


def _naive(text: str) -> int:
    from icalendar import Calendar
    from recurring_ical_events import of

    zone = ZoneInfo(ZONE)
    return len(of(Calendar.from_ical(text)).between(WINDOW[0].astimezone(zone), WINDOW[1].astimezone(zone)))


def _spent(work: Callable[[], object], rounds: int) -> float:
    """Seconds of processor time, the median: a busy machine does not change the ratio."""
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


async def _stall(text: str, changed: str) -> tuple[float, float]:
    """The longest turn of the loop in a first and a later poll, and how long the first took.

    In processor time of the loop's thread: how long others on the machine kept it waiting is not ours.
    """
    longest, done = 0.0, asyncio.Event()

    async def tick() -> None:
        nonlocal longest
        last = time.thread_time()
        while not done.is_set():
            await asyncio.sleep(0.001)
            now = time.thread_time()
            longest, last = max(longest, now - last), now

    pool, state = Pool(*MODULES), FeedState()
    await pool.run(10, len, "")
    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    first = 0.0
    for each in (text, changed):
        async for refreshed in read(pool, state, [each], ZONE, WINDOW, feed="bench"):
            state = refreshed.state
        first = first or time.perf_counter() - begun
    done.set()
    await ticking
    await pool.close()
    return longest, first


async def _attacks() -> tuple[float, str]:
    """Seconds by the clock until the slowest attack was refused, the best of a few turns, and which it is."""
    pool, spent = Pool(*MODULES), {}
    await pool.run(10, len, "")
    for name, (text, _) in REFUSED.items():
        turns = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            async for _ in read(pool, FeedState(), [text], ZONE, WINDOW):
                pass
            turns.append(time.perf_counter() - begun)
        spent[name] = min(turns)
    await pool.close()
    slowest = max(spent, key=lambda name: spent[name])
    return spent[slowest], slowest

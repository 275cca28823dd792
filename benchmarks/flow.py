"""`make bench ONLY=flow`: the whole line on Kafka and PostgreSQL: 1 % matching, two workers, latency."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import figure
from benchmarks.kafka import feed
from benchmarks.through import a_mail
from tests.servers.crew import RULES, Crew, people
from tests.servers.installation import Installation, Person
from tests.servers.kafka import KafkaServer
from tests.servers.letters import letter
from tests.servers.postgres import PostgresServer
from tests.servers.pymap_server import PymapServer

EVENTS = 30_000
#: Every so many events one matches.
ONE_IN = 100
PEOPLE = people(24)
PAIRS = 40


async def run() -> bool:
    """All figures; true when all are met."""
    with PostgresServer.running() as postgres, tempfile.TemporaryDirectory(prefix="tocsin-flow-") as name:
        folder = Path(name)
        async with KafkaServer.running() as kafka, PymapServer.running(users=len(PEOPLE)) as server:

            async def rate(room: str, workers: int, matching: bool) -> float:
                (folder / room).mkdir()
                crew = Crew(folder / room, kafka.url(f"{room}-"), postgres.create(), PEOPLE, server)
                try:
                    return await _rate(crew, kafka, f"{room}-", workers, matching)
                finally:
                    await crew.close()

            none, some, two = [], [], []
            for turn in range(2):
                none.append(await rate(f"none{turn}", 1, False))
                some.append(await rate(f"some{turn}", 1, True))
                two.append(await rate(f"two{turn}", 2, False))
            met = await _latency(folder / "latency", kafka, postgres, server)
    print(f"  events a second, 1 worker: {_shown(none)}; 1 % matching: {_shown(some)}; 2 workers: {_shown(two)}")
    whole = statistics.median(none)
    ratio = round(statistics.median(some) / whole, 2)
    met &= figure("flow.one-percent-matching-through-all-hops", ratio, ">=", 0.6, "the same events, none matching")
    ratio = round(statistics.median(two) / whole, 2)
    return figure("flow.two-workers", ratio, ">=", 1.5, "one worker, on 2 cores shared with broker and store") and met


def _shown(rates: list[float]) -> str:
    return ", ".join(f"{each:.0f}" for each in rates)


async def _rate(crew: Crew, kafka: KafkaServer, prefix: str, workers: int, matching: bool) -> float:
    """Events a second, once all are on the stream, until the last is decided on and, where one matches, told."""
    for _ in range(workers):
        await crew.hire()
    await crew.shared_out()
    mails = [
        a_mail(uid).model_copy(
            update={
                "account": PEOPLE[uid % len(PEOPLE)].id,
                "subject": f"alarm {uid}" if matching and uid % ONE_IN == 0 else "minutes",
            }
        )
        for uid in range(EVENTS)
    ]
    wanted = EVENTS // ONE_IN if matching else 0
    worker, phone = crew.workers[0], crew.phone
    assert phone is not None
    await feed(kafka.bootstrap, prefix, mails)
    # From here on nobody feeds any more: what is left is the workers' own pace.
    begun, before = time.perf_counter(), worker.count("decision")
    await _until(lambda: worker.count("decision") >= EVENTS and len(phone.taken()) >= wanted)
    return (EVENTS - before) / (time.perf_counter() - begun)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.1)


async def _latency(folder: Path, kafka: KafkaServer, postgres: PostgresServer, server: PymapServer) -> bool:
    """Mail to SMS on Kafka and PostgreSQL beside the embedded line, one after the other by turns."""
    places = {"u1": Installation(folder / "embedded"), "u2": Installation(folder / "many")}
    places["u2"].stream_url, places["u2"].store_url = kafka.url("latency-"), postgres.create()
    try:
        for user, place in places.items():
            place.folder.mkdir(parents=True)
            await place.start_phone()
            place.write([Person("anna", "+32470000001", user, parts=10_000)], server, shared=RULES)
            await place.start_engine()
            await place.watching(1)
        begun: dict[str, float] = {}
        for number in range(PAIRS):
            for user in sorted(places, reverse=bool(number % 2)):
                subject = f"alarm {user} {number}"
                begun[subject] = time.time()
                await server.deliver(user, letter(subject))
                phone = places[user].phones["phone"]
                await places[user].until(lambda: len(phone.taken()) > number, subject)  # noqa: B023
                await asyncio.sleep(0.05)
        took = {
            user: statistics.median(
                1000 * (datetime.fromisoformat(line["at"]).astimezone(UTC).timestamp() - begun[line["text"]])
                for line in place.phones["phone"].taken()
            )
            for user, place in places.items()
        }
    finally:
        for place in places.values():
            await place.close()
    print(f"  mail to SMS, p50 of {PAIRS}: embedded {took['u1']:.0f} ms, Kafka and PostgreSQL {took['u2']:.0f} ms")
    ratio = round(took["u2"] / took["u1"], 2)
    return figure("flow.mail-to-sms-p50-on-kafka", ratio, "<=", 2, "the embedded line")

"""`python -m benchmarks.workers`: 200 mailboxes, 2,000 mails; a worker joins, one is killed, so is the broker.

The virtual phone's journal judges. Kafka and PostgreSQL are real and on loopback, as is every engine.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from benchmarks.figures import figure, head
from tests.servers.crew import Crew, people
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.pymap_server import PymapServer

#: Patience of a wait; what is measured is printed beside its goal.
LONG = 300.0


async def run(mailboxes: int = 200, mails: int = 2000) -> bool:
    """All figures; true when all are met."""
    with PostgresServer.running() as postgres, tempfile.TemporaryDirectory(prefix="tocsin-workers-") as folder:
        async with KafkaServer.running() as kafka, PymapServer.running(users=mailboxes) as server:
            crew = Crew(Path(folder), kafka.url(), postgres.create(), people(mailboxes), server)
            try:
                return await _play(crew, kafka, mails)
            finally:
                await crew.close()


async def _play(crew: Crew, kafka: KafkaServer, mails: int) -> bool:
    took: dict[str, float] = {}

    async def timed(name: str, wait: Awaitable[None]) -> None:
        begun = time.monotonic()
        await wait
        took[name] = round(time.monotonic() - begun, 1)
        print(f"  {name}: {took[name]} s until each mailbox has one watcher, {crew.connections()}", flush=True)

    share = mails // 5
    first, second = await crew.hire(), await crew.hire()
    await timed("two workers", crew.shared_out(LONG))
    await first.until(lambda: first.count("position") >= len(crew.people), "every folder's first position", LONG)
    await crew.deliver(share, "two workers")

    await crew.hire()
    joined = asyncio.create_task(timed("a third joined", crew.shared_out(LONG)))
    await crew.deliver(share, "while the third joins")
    await joined

    await crew.dismiss(second, signal.SIGKILL)
    died = asyncio.create_task(timed("one was killed", crew.shared_out(LONG)))
    await crew.deliver(share, "while the second is dead")
    await died

    await asyncio.to_thread(kafka.kill)
    await crew.deliver(share, "while the broker is away")
    await asyncio.to_thread(kafka.start)
    await timed("the broker came back", crew.shared_out(LONG))
    await crew.deliver(mails - 4 * share, "after")
    await crew.arrived(LONG)

    print(f"  {len(crew.delivered)} mails, {crew.taken().total()} SMS")
    met = [
        figure("workers.seconds-until-each-mailbox-has-one-watcher", max(took.values()), "<=", 30),
        figure("workers.lost", len(crew.lost()), "==", 0),
        figure("workers.sent-twice", len(crew.twice()), "==", 0),
        figure("workers.ledger-differences", len(crew.differences()), "==", 0),
        figure("workers.tracebacks", len(crew.tracebacks()), "==", 0),
    ]
    return all(met)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mailboxes", type=int, default=200)
    arguments.add_argument("--mails", type=int, default=2000)
    wanted = arguments.parse_args()
    head("workers")
    sys.exit(0 if asyncio.run(run(wanted.mailboxes, wanted.mails)) else 1)

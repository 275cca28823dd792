"""Several engines, one Kafka, one PostgreSQL: each mailbox has one watcher, whoever comes and goes."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.crew import Crew, people
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer
from tests.servers.pymap_server import PymapServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
MAILBOXES = 40
MAILS = 50


@pytest.fixture
async def crew(kafka_url: str, postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Crew]:
    async with PymapServer.running(users=MAILBOXES) as server:
        crew = Crew(tmp_path, kafka_url, postgres.create(), people(MAILBOXES), server)
        try:
            yield crew
        finally:
            await crew.close()


async def test_each_mailbox_has_one_watcher_through_a_join_a_kill_and_a_farewell_and_each_mail_makes_one_sms(
    crew: Crew,
) -> None:
    first, second = await crew.hire(), await crew.hire()
    await crew.shared_out()
    await first.watching(MAILBOXES)
    await crew.deliver(MAILS, "two workers")
    third = await crew.hire()
    await crew.deliver(MAILS, "while the third joins")
    await crew.shared_out()
    await crew.dismiss(second, signal.SIGKILL)
    await crew.deliver(MAILS, "while the second is dead")
    await crew.shared_out()
    await crew.dismiss(third, signal.SIGTERM)
    await crew.deliver(MAILS, "after the third has left")
    await crew.shared_out()
    await crew.arrived()
    assert (crew.lost(), crew.twice(), crew.differences(), crew.tracebacks()) == ([], [], [], [])


async def test_a_broker_that_is_killed_and_comes_back_costs_no_mail(postgres: PostgresServer, tmp_path: Path) -> None:
    with KafkaServer.up() as fragile:
        async with PymapServer.running(users=MAILBOXES) as server:
            crew = Crew(tmp_path, fragile.url(), postgres.create(), people(MAILBOXES), server)
            try:
                first, _ = await crew.hire(), await crew.hire()
                await crew.shared_out()
                await first.watching(MAILBOXES)
                await crew.deliver(MAILS, "before")
                await asyncio.to_thread(fragile.kill)
                await crew.deliver(MAILS, "while it is away")
                await asyncio.to_thread(fragile.start)
                await crew.deliver(MAILS, "after")
                await crew.arrived(patience=120)
                await crew.shared_out()
                assert not any(worker.ended for worker in crew.workers)
                assert (crew.lost(), crew.twice(), crew.differences(), crew.tracebacks()) == ([], [], [], [])
            finally:
                await crew.close()

"""What the watchers of one process share."""

import asyncio
import imaplib
import socket
from datetime import UTC, datetime
from functools import partial

import pytest

from engine.sources.imap import wire
from engine.sources.imap.hosts import MOST_JOBS, Host, Hosts
from engine.sources.imap.office import Office
from engine.sources.imap.watcher import Watcher
from tests.servers.letters import letter
from tests.servers.scripted import ScriptedServer
from tests.sources.imap.conftest import HURRY, Ledger, until


async def test_a_host_is_one_in_capitals_too() -> None:
    hosts = Hosts(10)
    assert hosts.find("IMAP.example") is hosts.find("imap.EXAMPLE")
    assert hosts.find("imap.example") is not hosts.find("other.example")


async def test_sign_ins_on_one_host_come_one_after_the_other() -> None:
    host, loop = Host(10), asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.gather(*(host.await_turn() for _ in range(4)))
    assert loop.time() - begun >= 0.29


async def test_a_host_that_stops_answering_holds_up_no_other() -> None:
    office, ledger = Office(hosts=2, pace=HURRY), Ledger()
    async with ScriptedServer() as frozen, ScriptedServer() as healthy:
        dead = [frozen.mailbox(f"u{number}", host="localhost") for number in range(12)]
        watchers = [_watcher(office, mailbox, ledger) for mailbox in [*dead, healthy.mailbox("well")]]
        tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
        await until(lambda: len(frozen.idlers()) == 12 and bool(healthy.idlers()))
        frozen.frozen = True
        for peer in frozen.idlers():
            peer.say(b"* 9 EXISTS\r\n")
        await until(lambda: office.hosts.find("localhost").jobs.locked())
        healthy.put(letter("Through"))
        await ledger.told(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await office.close()
    assert ledger.subjects == ["Through"]


async def test_the_pool_has_more_threads_than_one_host_may_use() -> None:
    for hosts in (1, 3, 100):
        office = Office(hosts)
        assert MOST_JOBS < office._readers._max_workers <= 32
        await office.close()


async def test_a_job_that_is_cancelled_is_over_before_we_go_on() -> None:
    office = Office(pace=HURRY)
    async with ScriptedServer() as server:
        session = await office.open(server.mailbox("u"))
        await office.work(session, Host(10), session.examine, "INBOX")
        server.frozen = True
        job = asyncio.create_task(office.work(session, Host(10), partial(session.search, "UNSEEN")))
        await until(lambda: bool(server.heard("UID SEARCH")) or job.done() or session.received > 0)
        await asyncio.sleep(0.05)
        job.cancel()
        async with asyncio.timeout(30):
            with pytest.raises(asyncio.CancelledError):
                await job
        session.close()
    await office.close()


def test_an_imaplib_that_we_do_not_know_is_refused_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(imaplib.IMAP4, "_get_response")
    with socket.socket() as sock, pytest.raises(RuntimeError, match="_get_response"):
        wire.Wire(sock, "imap.example", 143)


def _watcher(office: Office, mailbox: object, ledger: Ledger) -> Watcher:
    return Watcher(
        "anna",
        mailbox,  # type: ignore[arg-type]
        "INBOX",
        positions=ledger,
        emit=ledger.emit,
        office=office,
        clock=lambda: datetime.now(UTC),
        jitter=lambda ceiling: 0.0,
    )

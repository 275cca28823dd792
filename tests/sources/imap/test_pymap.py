"""The watcher against a real IMAP server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.sources.imap.watcher import source_key
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer
from tests.sources.imap.conftest import Ledger, Watch, until


@pytest.fixture
async def server() -> AsyncIterator[PymapServer]:
    async with PymapServer.running(users=3) as server:
        yield server


async def test_a_mail_that_comes_while_we_watch_is_told_with_what_it_says(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u1")):
        await server.deliver("u1", letter("Grüße aus Köln", "Bis morgen!", message_id="<a@example.com>"))
        (event,) = await ledger.told(1)
    assert event.subject == "Grüße aus Köln"
    assert event.text == "Bis morgen!"
    assert event.sender is not None
    assert (event.sender.name, event.sender.address) == ("Boss", "boss@example.com")
    assert [person.address for person in event.to] == ["anna@example.com"]
    assert event.message_id == "<a@example.com>"
    assert (event.account, event.user, event.folder, event.late) == ("anna", "u1", "INBOX", None)
    assert ("Subject", "Grüße aus Köln") in event.headers


async def test_three_hundred_mails_at_once_are_each_told_once_in_order(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    mails = [letter(f"Number {number}") for number in range(300)]
    async with watch(server.mailbox("u1")):
        await asyncio.gather(server.deliver("u1", *mails[:150]), server.deliver("u1", *mails[150:]))
        await ledger.told(300)
    assert sorted(ledger.subjects) == sorted(f"Number {number}" for number in range(300))
    assert len({event.id for event in ledger.events}) == 300
    assert [event.uid for event in ledger.events] == sorted(event.uid for event in ledger.events)


async def test_nothing_is_ever_marked_as_read(server: PymapServer, watch: Watch, ledger: Ledger) -> None:
    async with watch(server.mailbox("u1")):
        await server.deliver("u1", letter("One"), letter("Two", "x" * 100_000))
        await ledger.told(2)
    flags = await server.flags("u1")
    assert len(flags) == 2
    assert not any(rb"\Seen" in each for each in flags.values())


async def test_mail_that_was_there_before_the_first_connection_is_not_told(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    await server.deliver("u1", letter("Old"))
    async with watch(server.mailbox("u1")):
        await server.deliver("u1", letter("New"))
        await ledger.told(1)
    assert ledger.subjects == ["New"]


async def test_start_unseen_tells_the_unread_mails_and_no_others(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    await server.deliver("u1", letter("Read"), flags=(rb"\Seen",))
    await server.deliver("u1", letter("Unread"))
    async with watch(server.mailbox("u1", start="unseen")):
        await server.deliver("u1", letter("New"))
        await ledger.told(2)
    assert ledger.subjects == ["Unread", "New"]


async def test_a_new_watcher_goes_on_where_the_last_one_stopped(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    mailbox = server.mailbox("u1")
    async with watch(mailbox):
        await server.deliver("u1", letter("One"))
        await ledger.told(1)
        await until(lambda: ledger.order[-1].startswith("position"))
    await server.deliver("u1", letter("Two"), letter("Three"))
    async with watch(mailbox):
        await ledger.told(3)
        await server.deliver("u1", letter("Four"))
        await ledger.told(4)
    assert ledger.subjects == ["One", "Two", "Three", "Four"]
    assert len({event.id for event in ledger.events}) == 4


async def test_each_folder_has_a_watcher_and_a_position_of_its_own(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    await server.make_folder("u1", "Größe & Übung")
    mailbox = server.mailbox("u1", folders=("INBOX", "Größe & Übung"))
    async with watch(mailbox, "inbox"), watch(mailbox, "Größe & Übung"):
        await server.deliver("u1", letter("Here"))
        await server.deliver("u1", letter("There"), folder="Größe & Übung")
        await ledger.told(2)
    assert {event.folder: event.subject for event in ledger.events} == {"INBOX": "Here", "Größe & Übung": "There"}
    assert set(ledger.positions) == {source_key("anna", mailbox, folder) for folder in mailbox.folders}


async def test_a_mail_that_was_old_when_it_was_read_is_told_and_marked(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    mailbox = server.mailbox("u1", late={"after": "1h", "then": "say so"})
    async with watch(mailbox):
        await server.deliver("u1", letter("Old"), arrived_at=datetime.now(UTC) - timedelta(hours=5))
        await server.deliver("u1", letter("New"))
        await ledger.told(2)
    assert {event.subject: event.late for event in ledger.events} == {"Old": "say so", "New": None}


async def test_a_mail_carries_whom_its_mailbox_trusts_and_whom_it_is_for(
    server: PymapServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u1", trust="MX.example.org")):
        await server.deliver("u1", letter("One", Delivered_To="anna+x@example.com", Reply_To="Bank <b@bank.example>"))
        (event,) = await ledger.told(1)
    assert event.trusted == ("mx.example.org",)
    assert [each.address for each in event.delivered_to] == ["anna+x@example.com"]
    assert [(each.name, each.address) for each in event.reply_to] == [("Bank", "b@bank.example")]


async def test_a_server_that_comes_back_is_watched_again(server: PymapServer, watch: Watch, ledger: Ledger) -> None:
    async with watch(server.mailbox("u1")) as watcher:
        await server.stop()
        await until(lambda: not watcher.watching.watched)
        await server.start()
        await until(lambda: watcher.watching.watched)
        await server.deliver("u1", letter("After the outage"))
        await ledger.told(1)
    assert ledger.subjects == ["After the outage"]
    assert watcher.watching.error == ""

"""The watcher against Debian's Dovecot: IDLE, TLS, a burst, a renumbering, a kick, a silent process."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.probe import probe
from engine.sources.imap.watcher import State
from tests.servers.dovecot import DovecotServer
from tests.servers.letters import letter
from tests.sources.imap.conftest import Ledger, Watch, ledger, office, until, watch

__all__ = ["ledger", "office", "watch"]
pytestmark = pytest.mark.live


@pytest.fixture
async def dovecot() -> AsyncIterator[DovecotServer]:
    async with DovecotServer.running() as server:
        yield server


def _over_tls(dovecot: DovecotServer, user: str) -> Mailbox:
    return dovecot.mailbox(user, port=dovecot.tls_port, tls="on", ca_file=str(dovecot.ca_file))


async def test_a_mail_that_the_server_delivers_is_told_at_once_over_tls(
    dovecot: DovecotServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(_over_tls(dovecot, "u1")) as watcher:
        assert watcher.watching.state is State.IDLE
        await dovecot.post("u1", letter("Grüße", "Bis morgen!"), letter("Large", "word " * 30_000))
        small, large = await ledger.told(2)
    assert (small.subject, small.text) == ("Grüße", "Bis morgen!")
    assert large.subject == "Large"
    assert large.truncated is True
    assert large.text.startswith("word word")
    assert not any(rb"\Seen" in flags for flags in (await dovecot.flags("u1")).values())


async def test_of_a_mail_of_many_megabytes_the_text_and_the_names_are_told(
    dovecot: DovecotServer, watch: Watch, ledger: Ledger
) -> None:
    head = (
        b"Subject: Plan\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf\r\n\r\n"
    )
    tail = b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBehind it.\r\n--x--\r\n"
    async with watch(dovecot.mailbox("u1")):
        await dovecot.post("u1", head + (b"QUJD" * 19 + b"\r\n") * 200_000 + tail)
        (event,) = await ledger.told(1)
    assert (event.text, event.truncated) == ("Behind it.", False)
    assert [(each.name, each.section) for each in event.attachments] == [("Größe.pdf", "1")]
    assert abs(event.attachments[0].size - 200_000 * 57) < 100  # reckoned from the encoded size


async def test_a_burst_into_ten_mailboxes_loses_nothing_and_tells_nothing_twice(
    dovecot: DovecotServer, watch: Watch, ledger: Ledger
) -> None:
    users = [f"u{number}" for number in range(10)]
    async with asyncio.TaskGroup() as group:
        ready, done = asyncio.Barrier(len(users) + 1), asyncio.Event()

        async def hold(user: str) -> None:
            async with watch(dovecot.mailbox(user)):
                await ready.wait()
                await done.wait()

        for user in users:
            group.create_task(hold(user))
        await ready.wait()
        async with asyncio.TaskGroup() as posting:
            for user in users:
                posting.create_task(dovecot.post(user, *[letter(f"{user} {number}") for number in range(30)]))
        await ledger.told(300)
        await asyncio.sleep(1)
        done.set()
    assert sorted(ledger.subjects) == sorted(f"{user} {number}" for user in users for number in range(30))
    assert len({event.id for event in ledger.events}) == 300


async def test_a_renumbered_folder_tells_only_what_is_new(
    dovecot: DovecotServer, watch: Watch, ledger: Ledger
) -> None:
    await dovecot.post("u1", letter("Old", message_id="<0@x>"))
    async with watch(dovecot.mailbox("u1")) as watcher:
        await dovecot.post("u1", letter("One", message_id="<1@x>"))
        await ledger.told(1)
        await dovecot.doveadm("mailbox", "update", "--uid-validity", "77", "-u", "u1", "INBOX")
        await dovecot.post("u1", letter("Two", message_id="<2@x>"))
        await ledger.told(2)
        await until(lambda: watcher.watching.renumbered == 1 and watcher.watching.state is State.IDLE)
        await dovecot.post("u1", letter("Three", message_id="<3@x>"))
        await ledger.told(3)
    assert ledger.subjects == ["One", "Two", "Three"]
    assert [event.uidvalidity == 77 for event in ledger.events] == [False, True, True]


async def test_a_user_who_is_kicked_comes_back(dovecot: DovecotServer, watch: Watch, ledger: Ledger) -> None:
    async with watch(dovecot.mailbox("u1")) as watcher:
        await dovecot.doveadm("kick", "u1")
        await dovecot.post("u1", letter("Meanwhile"))
        await ledger.told(1)
        assert watcher.watching.reconnects >= 1


async def test_a_folder_that_is_made_later_is_watched_from_its_first_mail(
    dovecot: DovecotServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(dovecot.mailbox("u1"), "Größe & Übung", settled=False) as watcher:
        await until(lambda: watcher.watching.state is State.FOLDER_MISSING)
        await dovecot.make_folder("u1", "Größe & Übung")
        await until(lambda: watcher.watching.state is State.IDLE)
        await dovecot.deliver("u1", letter("First"), folder="Größe & Übung")
        await ledger.told(1)


async def test_the_doctor_finds_a_healthy_mailbox_and_a_wrong_password(dovecot: DovecotServer) -> None:
    results = await probe("anna", _over_tls(dovecot, "u1"))
    assert [result.ok for result in results] == [True] * 4
    *_, last = await probe("anna", dovecot.mailbox("u1", password="wrong"))
    assert (last.what, last.ok) == ("sign-in", False)
    assert "AUTHENTICATIONFAILED" in last.why

"""A real mail server's bounce lies in a real mailbox, and closes the receipt of the mail that it is about."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.agents.bounces import owner
from engine.agents.desk import Bells
from engine.agents.send import send
from engine.agents.settle import settle
from engine.agents.watch import watch
from engine.money import Money
from engine.notification import Channel
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import Fate
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.office import Office
from engine.sources.imap.watcher import source_key
from engine.store import accounts, inbox, receipts
from engine.store.tables import message, position
from engine.topics import RECEIPTS, Topic
from tests.agents.test_hops import Bench, Scripted
from tests.builders import a_notification, an_account
from tests.contracts.transport import until
from tests.live.test_opensmtpd import TO, a_provider, running
from tests.servers.dovecot import DovecotServer

pytestmark = pytest.mark.live

HOLIDAY = (
    b"From: anna@elsewhere.example\r\nSubject: I am away\r\nAuto-Submitted: auto-replied\r\n\r\nUntil Monday.\r\n"
)


async def test_a_bounce_of_a_real_server_closes_the_receipt_out_of_its_mailbox(tmp_path: Path) -> None:
    async with running(tmp_path) as post, DovecotServer.running() as dovecot:
        bench, office = Bench(tmp_path, Scripted([])), Office()
        box = Mailbox.model_validate(
            {"host": "127.0.0.1", "port": dovecot.port, "tls": "off", "user": "bounce", "password": "secret"}
        )

        async def publish(topic: Topic, nouns: Any) -> None:
            assert topic is RECEIPTS, "a bounce is nobody's event"
            await settle(bench.desk, nouns)

        bench.desk = replace(
            bench.desk,
            providers={"post": a_provider(post)},
            bounces=[("post", box)],
            office=office,
            publish=publish,
            clock=lambda: datetime.now(UTC),
            bells=Bells(),
        )
        anna = an_account(parts=100, email=TO)
        bench.store.write(lambda c: accounts.upsert(c, [anna], "v", bench.desk.clock()))
        told = a_notification(address=TO, channel=Channel.EMAIL)
        free = Quote(
            channel=Channel.EMAIL, provider="post", parts=1, price=Money(minor=0, currency="EUR"), tariff="mail"
        )
        bench.store.write(lambda c: inbox.take_in(c, [(told, free)], "EUR", bench.desk.clock()))

        watching = asyncio.create_task(watch(bench.desk))
        key = source_key(owner("post"), box, "INBOX")
        await until(lambda: key in bench.desk.board and bench.desk.board[key].watched)
        await dovecot.post("bounce", HOLIDAY)

        post.elsewhere.next = {"do": "refuse", "reason": "bad_number"}
        await bench.run(send, lambda: bench.fate() == "sent")
        await until(lambda: bool(post.ours.taken))
        [bounce] = post.ours.taken
        await dovecot.post("bounce", bounce.mail)
        await until(lambda: bench.fate() == "undelivered")

        last = bench.store.read(lambda c: receipts.of_notification(c, told.id))[-1]
        assert (last.fate, last.reason) == (Fate.UNDELIVERED, Reason.BAD_ADDRESS)
        assert TO not in last.detail
        await until(lambda: '"last_uid":2' in _position(bench, key))
        await until(lambda: bench.desk.board[key].told >= 2)  # counted a moment after the position is kept
        assert bench.desk.board[key].told == 2

        bench.desk.draining.set()
        await watching
        flags = await dovecot.doveadm("fetch", "-u", "bounce", "flags", "mailbox", "INBOX")
        assert flags.count("flags:") == 2
        assert "Seen" not in flags
        assert bench.store.read(lambda c: c.execute(sa.select(message.c.fate)).scalars().all()) == ["undelivered"]
        await office.close()
        bench.store.close()


def _position(bench: Bench, key: str) -> str:
    where = position.c.source == key
    found = bench.store.read(lambda c: c.execute(sa.select(position.c.body).where(where)).scalar_one_or_none())
    return found or ""

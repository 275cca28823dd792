"""A contact clicks "unsubscribe" in a mail: nothing more goes there, and who asks is told why."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from engine.account import Contact
from engine.agents.send import send
from engine.agents.wake import wake
from engine.answer import Answer
from engine.channels.tariff import Line, Tariff
from engine.document import read
from engine.links import Links
from engine.message import Message
from engine.money import Money
from engine.notification import Channel
from engine.reason import Reason
from engine.rules.book import Book, Books
from engine.rules.load import RuleFolder, load
from engine.store import accounts, ledger
from engine.store.tables import due, message
from engine.web.server import Web
from engine.web.unsubscribe import take_unsubscribe
from tests.agents.test_hops import Scripted
from tests.builders import ACCEPTED, PRICE, a_mail, an_account
from tests.line.test_inbound import Inbound
from tests.web.well import Well

JAN, OWN = "jan@example.org", "anna@example.org"
LINKS = Links("https://tocsin.example", b"k" * 32)
RULES = """\
version: 1
rules:
  - name: Boss
    when: {from: "@acme.example"}
    notify: {to: [jan, me], channels: [email], text: "{subject}", signature: off}
    limits: {dedupe: off, LIMITS}
"""


class Post(Scripted):
    """A mail server that takes everything."""

    def __init__(self) -> None:
        super().__init__([ACCEPTED] * 100, channels=frozenset({Channel.EMAIL}))
        self.mails: list[Message] = []

    async def send(self, message: Message, client_ref: str) -> Answer:
        self.mails.append(message)
        return await super().send(message, client_ref)


class Mailing(Inbound):
    """Anna's account tells Jan and herself by mail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.post = Post()
        self.people = [an_account("anna", parts=100, email=OWN)]
        tariff = Tariff(
            "EUR", [Line("+32", PRICE, {"phone": 1})], email=Line("", Money.parse("0", "EUR"), {"phone": 1})
        )
        self.desk = replace(
            self.desk,
            accounts={each.id: each for each in self.people},
            tariff=tariff,
            providers={"phone": self.post},
            links=LINKS,
        )
        self.configure()

    def configure(self, agreed: str = "2026-01-01 by mail", limits: str = "daily: off") -> None:
        jan = Contact(id="jan", name="Jan", email=JAN, agreed=agreed)
        files = [RuleFolder("global", "rules/global", [read(RULES.replace("LIMITS", limits), "r.yaml")])]
        ruleset, problems = load(files, ["anna"], "v", books=Books(shared=Book(contacts={"jan": jan})))
        assert not problems
        people = {each.id: [jan] for each in self.people}
        self.store.write(lambda c: accounts.upsert(c, self.people, "v", self.now, people))
        self.desk = replace(self.desk, ruleset=ruleset)

    async def mailed(self) -> dict[str, str]:
        """Whom the post has told since this was asked last, and where each may unsubscribe."""
        before = len(self.post.mails)
        queued = sa.select(sa.func.count()).select_from(message).where(message.c.fate == "queued")
        await self.run(send, lambda: not self.store.read(lambda c: c.execute(queued).scalar_one()))
        return {each.address: each.unsubscribe for each in self.post.mails[before:]}

    async def click(self, url: str) -> None:
        """As a mail program does it."""
        web = Web(
            "127.0.0.1",
            0,
            {},
            self.desk.publish,
            Well(),
            stop=take_unsubscribe(self.store, LINKS, self.desk.clock),
        )
        await web.start()
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(
                    web.url + url.removeprefix(LINKS.public), data={"List-Unsubscribe": "One-Click"}
                ) as reply,
            ):
                assert reply.status == 200
        finally:
            await web.stop()


@pytest.fixture
def line(tmp_path: Path) -> Any:
    made = Mailing(tmp_path)
    yield made
    assert made.store.read(ledger.differences) == []
    made.store.close()


async def test_a_contact_unsubscribes_and_the_next_mail_is_refused_until_they_agree_anew(line: Mailing) -> None:
    await line.decide(a_mail(1))
    first = await line.mailed()
    assert sorted(first) == [OWN, JAN]
    assert first[OWN] == ""  # the owner has the files
    await line.click(first[JAN])
    again = a_mail(2)
    await line.decide(again)
    assert list(await line.mailed()) == [OWN]
    assert Reason.NO_CONSENT.value in line.verdicts(again)
    assert "withdrawn by e-mail on 2026-11-21" in line.explained(again)
    line.configure()  # a restart, or a reload of the same files
    await line.decide(a_mail(3))
    assert list(await line.mailed()) == [OWN]
    line.configure(agreed="2026-12-01 asked for it again")
    await line.decide(a_mail(4))
    assert sorted(await line.mailed()) == [OWN, JAN]


async def test_what_waits_in_the_queue_for_that_address_ends(line: Mailing) -> None:
    await line.decide(a_mail(1))
    url = (await line.mailed())[JAN]
    waiting = a_mail(2)
    await line.decide(waiting)
    await line.click(url)
    assert list(await line.mailed()) == [OWN]
    assert "withdrawn by e-mail" in line.explained(waiting)


@pytest.mark.parametrize(
    "limits", ['quiet_hours: {between: "11:00-12:00"}', "digest: {every: 5 min}"], ids=["held", "collected"]
)
async def test_what_is_held_or_collected_is_not_sent_after_a_click(line: Mailing, limits: str) -> None:
    await line.decide(a_mail(1))
    url = (await line.mailed())[JAN]
    line.configure(limits=limits)
    await line.decide(a_mail(2))
    await line.click(url)
    line.now += timedelta(hours=2)
    late = sa.select(sa.func.count()).select_from(due).where(due.c.kind.in_(("hold", "digest")))
    await line.run(wake, lambda: not line.store.read(lambda c: c.execute(late).scalar_one()))
    assert JAN not in await line.mailed()


@pytest.mark.parametrize("links", [None, Links("", b"k" * 32)], ids=["no key", "nobody reaches us"])
async def test_where_nobody_could_click_there_is_nothing_to_click(line: Mailing, links: Links | None) -> None:
    line.desk.links = links
    await line.decide(a_mail(1))
    assert await line.mailed() == {OWN: "", JAN: ""}

"""A text from a phone through the whole line: found whose it is, kept, heeded, matched, handed on."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine import topics
from engine.account import Account, Contact
from engine.agents.hear import hear, hear_in_part
from engine.agents.match import match
from engine.agents.route import route
from engine.agents.send import send
from engine.agents.wake import wake
from engine.channels.tariff import Line, Tariff
from engine.cli.telling import tell_lines
from engine.document import read
from engine.errors import StoreError, StreamError
from engine.event import MessageReceived
from engine.heard import MISSING, Heard, Route
from engine.money import Money
from engine.notification import Channel
from engine.part import PATIENCE
from engine.reason import Reason
from engine.rules.book import Book, Books
from engine.rules.load import RuleFolder, load
from engine.store import accounts, decisions, ledger, parts, story
from engine.store.due import LEASE, take
from engine.store.tables import consent, due, message, notification
from tests.agents.test_hops import Bench, Scripted
from tests.builders import ACCEPTED, NOW, PHONE, PRICE, a_mail, a_part, an_account

JAN, US, STRANGER = "+32470000077", "+32460200000", "+32470000088"
RULES = """\
version: 1
rules:
  - name: Boss
    when: {from: "@acme.example"}
    notify: {to: [jan], text: "{subject}", signature: off}
    limits: {dedupe: off, LIMITS}
  - name: Help
    when: {keyword: hulp}
    notify: {to: [me, jan], text: "{sms_from}: {text}", signature: off}
"""
MINUTE = timedelta(minutes=1)


class Inbound(Bench):
    """Two accounts that know Jan, and a phone that takes everything."""

    def __init__(self, folder: Path, agreed: str = "2026-01-01 by mail") -> None:
        self.phone = Scripted([ACCEPTED] * 100, channels=frozenset({Channel.SMS, Channel.EMAIL}))
        super().__init__(folder, self.phone)
        self.people = [an_account("anna", parts=100, email="anna@example.org"), an_account("bert", parts=100)]
        free = Line("", Money(minor=0, currency="EUR"), {"phone": 1})
        tariff = Tariff("EUR", [Line("+32", PRICE, {"phone": 1})], email=free)
        self.desk = replace(self.desk, accounts={each.id: each for each in self.people}, tariff=tariff)
        self.configure(agreed)

    def configure(self, agreed: str = "2026-01-01 by mail", limits: str = "daily: off") -> None:
        """Read the files anew, as a start or a reload does."""
        jan = Contact(id="jan", name="Jan", numbers=(JAN,), agreed=agreed)
        book = Book(contacts={"jan": jan})
        files = [RuleFolder("global", "rules/global", [read(RULES.replace("LIMITS", limits), "r.yaml")])]
        ruleset, problems = load(files, ["anna", "bert"], "v", books=Books(shared=book))
        assert not problems
        people = {each.id: [jan] for each in self.people}
        self.store.write(lambda c: accounts.upsert(c, self.people, "v", self.now, people))
        self.desk = replace(self.desk, ruleset=ruleset)

    async def text(self, words: str, sender: str = JAN, ref: str = "", to: str = US) -> MessageReceived:
        """A phone sends us this; the event, once it is decided on and what it says is routed."""
        self.now += timedelta(seconds=1)
        said = Heard(
            provider="phone", provider_ref=ref or words, sender=sender, recipient=to, text=words, at=self.now
        )
        await hear(self.desk, [said])
        event: MessageReceived = [noun for name, noun in self.published if name == topics.EVENTS.name][-1]
        await self.decide(event)
        return event

    async def decide(self, *events: Any) -> None:
        """Match these and route what is said of them."""
        before = len(self.noticed())
        await match(self.desk, events)
        await route(self.desk, self.noticed()[before:])

    def reason(self, event: Any) -> Reason:
        found = self.store.read(lambda c: decisions.find(c, event.id))
        assert found is not None
        return found[1].reason

    def explained(self, event: Any) -> str:
        told = self.store.read(lambda c: story.tell(c, event.id))
        assert told is not None
        return "\n".join(tell_lines(told, "Europe/Brussels"))

    def verdicts(self, event: Any) -> list[str]:
        rows = sa.select(notification.c.reason).where(notification.c.event_id == event.id)
        return sorted(self.store.read(lambda c: c.execute(rows).scalars().all()))

    def stopped(self) -> set[str]:
        """The accounts that Jan has stopped."""
        rows = sa.select(consent.c.account_id).where(consent.c.address == JAN, consent.c.stopped_at.is_not(None))
        return set(self.store.read(lambda c: c.execute(rows).scalars().all()))

    async def sent(self) -> list[str]:
        queued = sa.select(sa.func.count()).select_from(message).where(message.c.fate == "queued")
        await self.run(send, lambda: not self.store.read(lambda c: c.execute(queued).scalar_one()))
        return [text for _, text in self.phone.sent]


@pytest.fixture
def line(tmp_path: Path) -> Any:
    made = Inbound(tmp_path)
    yield made
    assert made.store.read(ledger.differences) == []
    made.store.close()


async def to_anna(line: Inbound) -> None:
    line.desk.inbound = [Route(number=US, account="anna")]


# ---- whose it is


async def test_a_route_goes_before_who_wrote_last(line: Inbound) -> None:
    line.desk.inbound = [Route(keyword="bert", account="bert")]
    await line.decide(a_mail(1))
    await line.sent()
    assert (await line.text("Bert, hi")).account == "bert"
    reply = await line.text("fine")
    assert (reply.account, reply.found_by) == ("anna", "reply")


async def test_after_a_week_a_text_is_no_answer_any_more(line: Inbound) -> None:
    await line.decide(a_mail(1))
    await line.sent()
    line.now += timedelta(days=7, seconds=1)
    assert (await line.text("fine")).found_by == "nobody"


async def test_an_answer_through_another_provider_is_no_answer(line: Inbound) -> None:
    await line.decide(a_mail(1))
    await line.sent()
    await hear(line.desk, [Heard(provider="other", sender=JAN, text="fine", at=line.now)])
    assert line.published[-1][1].found_by == "nobody"


async def test_what_is_nobodys_is_kept_and_explained(line: Inbound) -> None:
    event = await line.text("hello?", STRANGER)
    assert (event.account, line.reason(event)) == ("", Reason.NOBODYS)
    assert "no route of 'inbound' takes it" in line.explained(event)
    assert STRANGER not in line.explained(event)


async def test_what_is_nobodys_is_the_admins_where_there_is_one(line: Inbound) -> None:
    line.desk.admin = "anna"
    event = await line.text("hello?", STRANGER)
    assert (event.account, event.found_by) == ("anna", "nobody")
    assert await line.sent() == [f"Reply from {STRANGER}: hello?"]


async def test_the_log_masks_who_wrote(line: Inbound, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tocsin")
    await line.text("hello?", STRANGER)
    assert "+32…88" in caplog.text
    assert STRANGER not in caplog.text
    assert "hello?" not in caplog.text


async def test_what_could_not_be_kept_is_not_ours(line: Inbound) -> None:
    line.broken = True
    with pytest.raises(StreamError):
        await line.text("hello?")
    line.broken = False
    first, again = await line.text("hello?", ref="m1"), await line.text("hello?", ref="m1")
    assert first.id == again.id
    rows = sa.select(sa.func.count()).select_from(notification)
    assert line.store.read(lambda c: c.execute(rows).scalar_one()) == 0


# ---- in parts


async def test_a_text_in_parts_is_one_event_however_often_its_parts_come(line: Inbound) -> None:
    await to_anna(line)
    one, two = a_part(1, "hulp de "), a_part(2, "lift")
    for brought in ([two], [two], [one], [one, two], [two]):
        await hear(line.desk, brought)
    [(_, event)] = line.published
    assert (event.text, event.sender, event.to, event.keyword) == ("hulp de lift", JAN, "1234", "hulp")


async def test_a_text_whose_parts_could_not_be_published_is_the_same_event_when_one_comes_again(
    line: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = a_part(1, "hulp de "), a_part(2, "lift")
    await hear(line.desk, [one])
    line.broken = True
    with pytest.raises(StreamError):
        await hear(line.desk, [two])
    line.broken = False
    with monkeypatch.context() as patched:  # dies between the stream and the store
        patched.setattr(parts, "tell", _fail)
        with pytest.raises(StoreError):
            await hear(line.desk, [two])
    await hear(line.desk, [two.model_copy(update={"at": NOW + MINUTE})])
    assert [event.text for _, event in line.published] == ["hulp de lift"] * 2
    assert len({event.id for _, event in line.published}) == 1


def _fail(*_: Any) -> None:
    raise StoreError("the disk is full")


async def test_a_text_that_breaks_off_is_handed_over_before_the_next_under_its_reference(line: Inbound) -> None:
    words = ["a1", "c1", "c2"]
    await hear(line.desk, [a_part(int(word[1]), word, at=NOW + n * MINUTE) for n, word in enumerate(words)])
    assert [event.text for _, event in line.published] == [f"a1 {MISSING}", "c1c2"]


async def test_a_text_whose_last_part_never_comes_is_handed_over_after_an_hour_without_it(line: Inbound) -> None:
    await hear(line.desk, [a_part(1, "please don't"), a_part(3, "stop", total=3, reference=8)])
    line.now += PATIENCE
    await line.run(wake, lambda: len(line.published) == 2)
    assert sorted(event.text for _, event in line.published) == [f"{MISSING} stop", f"please don't {MISSING}"]
    await line.decide(*(event for _, event in line.published))
    assert line.stopped() == set()
    rows = sa.select(sa.func.count()).select_from(due).where(due.c.kind == "part")
    assert line.store.read(lambda c: c.execute(rows).scalar_one()) == 0


async def test_while_the_stream_is_away_a_text_that_is_due_stays_due(line: Inbound) -> None:
    await hear(line.desk, [a_part(1, "a")])
    line.now += PATIENCE
    line.broken = True
    [each] = line.store.write(lambda c: take(c, line.now))
    with pytest.raises(StreamError):
        await hear_in_part(line.desk, UUID(each.key))
    line.broken = False
    line.now += LEASE + timedelta(seconds=1)
    await line.run(wake, lambda: bool(line.published))
    assert line.published[0][1].text == f"a {MISSING}"


# ---- stop and start


async def test_after_stop_a_matching_mail_has_no_consent_and_says_why(line: Inbound) -> None:
    await to_anna(line)
    stop = await line.text("Stop!")
    assert line.reason(stop) is Reason.WROTE_STOP
    mail = a_mail(1)
    await line.decide(mail)
    assert line.verdicts(mail) == [Reason.NO_CONSENT]
    assert "withdrawn by a text from that number on 2026-11-21 10:04 UTC" in line.explained(mail)
    assert line.stopped() == {"anna"}


async def test_a_stop_survives_a_restart_and_a_reload(line: Inbound) -> None:
    await to_anna(line)
    await line.text("STOPP")
    for _ in range(2):
        line.now += MINUTE
        line.configure()
    line.configure(agreed="")
    line.configure()
    assert line.stopped() == {"anna"}
    line.configure(agreed="2026-11-21 again, by telephone")
    assert line.stopped() == set()
    mail = a_mail(1)
    await line.decide(mail)
    assert line.verdicts(mail) == [Reason.ADMITTED]


async def test_start_undoes_only_what_stop_did(line: Inbound) -> None:
    await to_anna(line)
    await line.text("STOP")
    line.configure(agreed="")
    start = await line.text("START")
    assert line.reason(start) is Reason.WROTE_START
    mail = a_mail(1)
    await line.decide(mail)
    assert line.verdicts(mail) == [Reason.NO_CONSENT]
    line.configure()
    again = a_mail(2)
    await line.decide(again)
    assert line.verdicts(again) == [Reason.ADMITTED]


async def test_a_stop_that_is_brought_again_does_not_undo_a_start(line: Inbound) -> None:
    await to_anna(line)
    stop = await line.text("STOP", ref="m1")
    await line.text("START", ref="m2")
    await line.decide(stop)
    await line.text("STOP", ref="m1")
    assert line.stopped() == set()


async def test_a_stop_that_is_nobodys_stops_every_account_that_may_tell_that_number(line: Inbound) -> None:
    await line.text("ARRÊT")
    assert line.stopped() == {"anna", "bert"}
    await line.text("start")
    assert line.stopped() == set()


async def test_a_stop_of_a_number_that_nobody_tells_is_only_kept(line: Inbound) -> None:
    event = await line.text("STOP", STRANGER)
    assert line.reason(event) is Reason.NOBODYS
    assert line.stopped() == set()


async def test_what_waits_in_the_queue_is_not_sent_after_a_stop_and_its_credit_comes_back(line: Inbound) -> None:
    await to_anna(line)
    await line.decide(a_mail(1), a_mail(2))
    await line.text("STOP")
    assert [text for text in await line.sent() if "Spoed" in text] == []
    facts = line.store.read(lambda c: c.execute(sa.select(message.c.fate, message.c.channel)).all())
    assert sorted(facts) == [("sent", "email"), ("withdrawn", "sms"), ("withdrawn", "sms")]


@pytest.mark.parametrize(
    "limits",
    [
        'quiet_hours: {between: "11:00-12:00"}',
        "digest: {every: 5 min}",
    ],
    ids=["held", "collected"],
)
async def test_what_is_held_or_collected_is_not_sent_after_a_stop(line: Inbound, limits: str) -> None:
    await to_anna(line)
    line.configure(limits=limits)
    await line.decide(a_mail(1))
    await line.text("STOP")
    line.now += timedelta(hours=2)
    late = sa.select(sa.func.count()).select_from(due).where(due.c.kind.in_(("hold", "digest")))
    await line.run(wake, lambda: not line.store.read(lambda c: c.execute(late).scalar_one()))
    assert [text for text in await line.sent() if "Spoed" in text] == []


async def test_a_crash_between_deciding_and_publishing_heeds_a_stop_once(line: Inbound) -> None:
    await to_anna(line)

    async def no(topic: topics.Topic, nouns: Sequence[Any]) -> None:
        raise StreamError("the disk is full")

    said = Heard(provider="phone", provider_ref="m1", sender=JAN, recipient=US, text="STOP", at=NOW)
    await hear(line.desk, [said])
    event = line.published[-1][1]
    with pytest.raises(StreamError):
        await match(replace(line.desk, publish=no), [event])
    assert line.stopped() == {"anna"}
    await line.decide(event)
    assert await line.sent() == [
        f"Reply from {JAN} (Jan): STOP\nThat number is told nothing more until it writes START."
    ]


# ---- rules, and answers to oneself


async def test_a_rule_is_about_a_text_and_never_answers_its_sender(line: Inbound) -> None:
    await to_anna(line)
    event = await line.text("Hulp! de lift")
    assert sorted(await line.sent()) == [f"{JAN}: Hulp! de lift", f"Reply from {JAN} (Jan): Hulp! de lift"]
    assert "has sent this text; no text answers itself" in line.explained(event)


async def test_a_mail_rule_is_not_asked_of_a_text(line: Inbound) -> None:
    await to_anna(line)
    event = await line.text("boss@acme.example")
    assert line.reason(event) is Reason.REPLY_FORWARDED


# ---- handed on


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ({}, [f"Reply from {JAN} (Jan): yes"]),
        ({"replies": "off"}, []),
        ({"email": ""}, []),
        ({"replies": "sms"}, [f"Reply from {JAN} (Jan): yes"]),
        ({"language": "sv"}, [f"Svar från {JAN} (Jan): yes"]),
    ],
    ids=["email", "off", "no address", "sms", "in Swedish"],
)
async def test_a_reply_is_handed_on_to_the_owner_as_the_account_says(
    line: Inbound, change: dict[str, str], sent: list[str]
) -> None:
    await to_anna(line)
    anna: Account = line.desk.accounts["anna"].model_copy(update=change)
    line.desk.accounts = {**line.desk.accounts, "anna": anna}
    event = await line.text("yes")
    assert await line.sent() == sent
    told = Channel.SMS if change.get("replies") == "sms" else Channel.EMAIL
    assert [each.channel for each in line.noticed()] == ([told] if sent else [])
    assert event.id


async def test_what_the_owner_writes_is_not_handed_back(line: Inbound) -> None:
    await to_anna(line)
    await line.text("note to myself", PHONE)
    assert line.noticed() == []


async def test_many_texts_at_once_are_one_event_each(line: Inbound) -> None:
    await to_anna(line)
    texts = [Heard(provider="phone", provider_ref=f"m{n % 20}", sender=JAN, text="hi", at=NOW) for n in range(40)]
    await asyncio.gather(*(hear(line.desk, [each]) for each in texts))
    events = [noun for name, noun in line.published if name == topics.EVENTS.name]
    assert len({each.id for each in events}) == 20

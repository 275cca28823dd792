"""The hops one by one: repeated safely, and none mistakes silence for a no."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from engine import topics
from engine.agents.desk import Bells, Desk
from engine.agents.match import match
from engine.agents.relay import relay
from engine.agents.route import route
from engine.agents.send import send
from engine.agents.settle import settle
from engine.agents.wake import wake
from engine.agents.watch import emit
from engine.answer import Answer, ProviderClass
from engine.channels.tariff import Line, Tariff
from engine.document import read
from engine.errors import StreamError
from engine.message import Message
from engine.money import Money
from engine.notification import Channel, Notification
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from engine.store import accounts, ledger, receipts, revision
from engine.store.database import Database
from engine.store.tables import message, outbox
from engine.topics import Topic
from tests.builders import ACCEPTED, NOW, SILENT, a_mail, a_notification, an_account

RULES = "version: 1\nrules: [{name: Boss, when: {from: '@acme.example'}, notify: {to: me, text: 'RULE {subject}'}}]"


def _ruleset(text: str, version: str) -> Ruleset:
    rules, problems = load([RuleFolder("global", "rules/global", [read(text, "r.yaml")])], ["anna"], version)
    assert not problems
    return rules


@dataclass
class Scripted:
    """A provider that answers what it is told, as the line sees one."""

    answers: list[Answer | Exception | asyncio.Event]
    asks: list[Answer] = field(default_factory=list)
    provider_class: ProviderClass = ProviderClass.OPAQUE
    name: str = "phone"
    channels: frozenset[Channel] = frozenset({Channel.SMS})
    key_life: timedelta = timedelta(hours=24)
    timeout: timedelta = timedelta(seconds=10)
    sent: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, message: Message, client_ref: str) -> Answer:
        self.sent.append((client_ref, message.text))
        said = self.answers.pop(0)
        if isinstance(said, asyncio.Event):
            await said.wait()
            return ACCEPTED
        if isinstance(said, Exception):
            raise said
        return said

    async def ask(self, client_ref: str) -> Answer:
        return self.asks.pop(0)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        return []

    async def close(self) -> None: ...


class Bench:
    """A desk with a store of its own, a clock that is set by hand, and a stream that is a list."""

    def __init__(self, folder: Path, provider: Scripted) -> None:
        self.store = Database(f"sqlite:///{folder}/store.db")
        revision.ensure(self.store)
        self.now = NOW
        self.published: list[tuple[str, Any]] = []
        self.broken = False
        account = an_account(parts=100)
        self.store.write(lambda c: accounts.upsert(c, [account], "v", NOW))
        self.desk = Desk(
            store=self.store,
            accounts={"anna": account},
            ruleset=_ruleset(RULES, "v1"),
            tariff=Tariff("EUR", [Line("+32", Money.parse("0.08", "EUR"), {"phone": 1})]),
            providers={"phone": provider},
            publish=self._publish,
            clock=lambda: self.now,
            jitter=lambda seconds: seconds,
            mailboxes=[],
            owns=lambda account: True,
            office=cast(Any, None),
            bells=Bells(),
        )

    async def _publish(self, topic: Topic, nouns: Sequence[Any]) -> None:
        if self.broken:
            raise StreamError("the disk is full")
        self.published += [(topic.name, noun) for noun in nouns]

    def noticed(self) -> list[Notification]:
        return [noun for name, noun in self.published if name == topics.NOTIFICATIONS.name]

    def fate(self) -> str:
        return str(self.store.read(lambda c: c.execute(sa.select(message.c.fate)).scalar_one()))

    def facts(self) -> list[str]:
        [told] = self.store.read(lambda c: c.execute(sa.select(message.c.notification_id)).scalars().all())
        return [str(each.fate) for each in self.store.read(lambda c: receipts.of_notification(c, told))]

    async def run(self, hop: Callable[[Desk], Any], until: Callable[[], bool]) -> None:
        """Run a hop until something holds, then drain it."""
        desk = replace(self.desk, draining=asyncio.Event(), bells=Bells())
        task = asyncio.create_task(hop(desk))
        async with asyncio.timeout(60):
            while not until() and not task.done():
                await asyncio.sleep(0.01)
        desk.draining.set()
        await asyncio.wait_for(task, 60)


@pytest.fixture
def provider() -> Scripted:
    return Scripted([])


@pytest.fixture
def bench(tmp_path: Path, provider: Scripted) -> Any:
    made = Bench(tmp_path, provider)
    yield made
    made.store.close()


async def test_a_redelivered_mail_publishes_what_was_decided_first_whatever_the_rules_say_now(bench: Bench) -> None:
    await match(bench.desk, [a_mail()])
    edited = replace(bench.desk, ruleset=_ruleset(RULES.replace("RULE", "OTHER"), "v2"))
    await match(edited, [a_mail(), a_mail()])
    one, again = bench.noticed()
    assert one == again
    assert one.text == "RULE Spoed: server down"


async def test_a_mail_of_an_account_that_is_gone_is_decided_on_with_that_reason(bench: Bench) -> None:
    await match(replace(bench.desk, accounts={}), [a_mail()])
    rows = bench.store.read(lambda c: c.execute(sa.text("SELECT reason FROM decision")).scalars().all())
    assert rows == [Reason.UNKNOWN_ACCOUNT]
    assert bench.noticed() == []


async def test_nothing_is_published_before_the_decision_is_kept(bench: Bench) -> None:
    bench.broken = True
    with pytest.raises(StreamError):
        await match(bench.desk, [a_mail()])
    bench.broken = False
    await match(bench.desk, [a_mail()])
    assert len(bench.noticed()) == 1


async def test_a_number_that_no_tariff_covers_is_refused_with_a_receipt(bench: Bench) -> None:
    await route(bench.desk, [a_notification(address="+46701740605")])
    fates = bench.store.read(lambda c: c.execute(sa.text("SELECT fate, reason FROM receipt")).all())
    assert [tuple(each) for each in fates] == [("refused", "no_route")]


async def test_a_provider_that_fails_in_an_unknown_way_has_perhaps_taken_it(bench: Bench, provider: Scripted) -> None:
    provider.answers = [RuntimeError("a defect of the driver")]
    await route(bench.desk, [a_notification()])
    await bench.run(send, lambda: bench.fate() == "uncertain")
    assert bench.facts() == ["queued", "uncertain"]
    assert len(provider.sent) == 1


async def test_a_call_in_the_air_is_waited_for_when_the_engine_drains(bench: Bench, provider: Scripted) -> None:
    answered = asyncio.Event()
    provider.answers = [answered]
    await route(bench.desk, [a_notification()])
    asyncio.get_running_loop().call_later(0.3, answered.set)
    await bench.run(send, lambda: bool(provider.sent))
    assert bench.facts() == ["queued", "sent"]


async def test_a_queryable_provider_is_asked_by_the_one_timer(bench: Bench, provider: Scripted) -> None:
    provider.provider_class = ProviderClass.QUERYABLE
    provider.answers, provider.asks = [SILENT], [SILENT, ACCEPTED]
    await route(bench.desk, [a_notification()])
    await bench.run(send, lambda: bool(provider.sent))
    for _ in range(2):
        bench.now += timedelta(minutes=10)
        left = len(provider.asks)
        await bench.run(wake, lambda: len(provider.asks) < left)  # noqa: B023
    assert bench.facts() == ["queued", "sent"]
    assert len(provider.sent) == 1


async def test_a_message_whose_provider_is_gone_when_it_is_to_be_asked_is_held(
    bench: Bench, provider: Scripted
) -> None:
    provider.provider_class, provider.answers = ProviderClass.QUERYABLE, [SILENT]
    await route(bench.desk, [a_notification()])
    await bench.run(send, lambda: bool(provider.sent))
    bench.now += timedelta(minutes=10)
    bench.desk = replace(bench.desk, providers={})
    await bench.run(wake, lambda: bench.fate() == "uncertain")


async def test_what_an_engine_left_in_the_air_is_resolved_when_its_lease_lapses(
    bench: Bench, provider: Scripted
) -> None:
    provider.provider_class = ProviderClass.IDEMPOTENT
    never = asyncio.Event()
    provider.answers = [never, ACCEPTED]
    await route(bench.desk, [a_notification()])
    killed = asyncio.create_task(send(bench.desk))
    async with asyncio.timeout(60):
        while not provider.sent:
            await asyncio.sleep(0.01)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert bench.fate() == "sending"
    bench.now += timedelta(minutes=1)
    await bench.run(wake, lambda: bench.fate() == "queued")
    await bench.run(wake, lambda: not _waiting(bench))
    await bench.run(send, lambda: bench.fate() == "sent")
    assert len({ref for ref, _ in provider.sent}) == 1
    assert bench.store.read(ledger.differences) == []


def _waiting(bench: Bench) -> bool:
    return bool(bench.store.read(lambda c: c.execute(sa.select(message.c.waiting)).scalar_one()))


async def test_fates_stay_in_the_outbox_until_they_are_on_the_stream(bench: Bench) -> None:
    await route(bench.desk, [a_notification()])
    bench.broken = True
    await bench.run(relay, lambda: True)
    assert bench.store.read(lambda c: c.execute(sa.select(outbox.c.seq)).all())
    bench.broken = False
    await bench.run(relay, lambda: bool(bench.published))
    assert bench.store.read(lambda c: c.execute(sa.select(outbox.c.seq)).all()) == []
    assert [noun.fate for _, noun in bench.published] == [Fate.QUEUED]


async def test_a_report_for_an_unknown_message_is_kept_and_harms_nothing(bench: Bench) -> None:
    report = DeliveryReport(
        provider="phone", client_ref="nobody", fate=Fate.DELIVERED, reason=Reason.DELIVERED, at=NOW
    )
    await settle(bench.desk, [report, report])
    rows = bench.store.read(lambda c: c.execute(sa.text("SELECT ref FROM parked_report")).scalars().all())
    assert rows == ["nobody"]


async def test_a_mail_too_large_for_a_record_is_cut_and_says_so(bench: Bench) -> None:
    await emit(bench.desk, [a_mail(text="\x01" * 200_000)])
    [(_, mail)] = bench.published
    assert len(topics.EVENTS.encode(mail)[1]) <= topics.MOST_RECORD_BYTES
    assert mail.truncated
    assert mail.id == a_mail().id

"""A line in small, for notifications that go over several channels: admission, queue, answers, reports, the timer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.answer import Answer, ProviderClass
from engine.channels.choose import choose
from engine.channels.tariff import Line, Tariff
from engine.failpoints import failpoint
from engine.message import message_id
from engine.money import Money
from engine.notification import Channel, Fallback, Limits, Notification, Road
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate, Receipt
from engine.store import accounts, attempts, due, falling, inbox, ledger, receipts, reports, send_queue, story, waking
from engine.store.database import Database, insert_new
from engine.store.due import DueKind
from engine.store.falling import Telling
from engine.store.send_queue import Claim, Terms
from engine.store.tables import consent, message
from tests.builders import NOW, PRICE, a_notification, an_account

EUR = "EUR"
MINUTE = timedelta(minutes=1)
MAIL = Road(channel=Channel.EMAIL, address="anna@example.org", text="Boss: Spoed")
FAX = Road(channel=Channel.FAX, address="+3225000000", text="Boss: Spoed")
PROVIDERS = {Channel.SMS: "phone", Channel.EMAIL: "post", Channel.FAX: "paper"}
A_FAX = Money.parse("0.15", EUR)
TARIFF = Tariff(
    EUR,
    [Line("+32", PRICE, {"phone": 1})],
    [Line("+32", A_FAX, {"paper": 1})],
    Line("", Money(minor=0, currency=EUR), {"post": 1}),
)
IN_TIME = Fallback(after=10 * MINUTE, on=("failed", "no_credit", "not_delivered"))


def going(number: int = 1, *roads: Road, **other: Any) -> Notification:
    """By SMS, then by these roads."""
    limits = {"limits": Limits(**other.pop("limit"))} if "limit" in other else {}
    return a_notification(number, **{"otherwise": roads, "fallback": Fallback(), **limits, **other})


@dataclass
class Town:
    """One account, its providers and its clock."""

    store: Database
    account: str = "anna"
    parts: int = 100
    provider_class: ProviderClass = ProviderClass.OPAQUE
    reporting: frozenset[Channel] = frozenset({Channel.SMS})
    now: datetime = NOW
    gone: set[str] = field(default_factory=set)
    """Rules that were removed."""
    carried: set[Channel] = field(default_factory=lambda: set(PROVIDERS))
    agreed: Sequence[str] = (MAIL.address, FAX.address)

    new: bool = True
    """Nobody lives there yet."""

    def __post_init__(self) -> None:
        if not self.new:
            return
        anna = an_account(self.account, parts=self.parts)
        self.store.write(lambda c: accounts.upsert(c, [anna], "v", NOW))
        same = {"account_id": self.account, "source": "configuration", "given_at": NOW}
        rows = [same | {"address": address} for address in self.agreed]
        self.store.write(lambda c: insert_new(c, consent, rows) if rows else 0)

    def top_up(self, amount: Money) -> None:
        """Bought credit."""
        self.store.write(lambda c: ledger.topup(c, self.account, amount, f"key{amount.minor}", self.now, "test"))

    def road(self, told: Notification) -> Quote | Reason:
        """What the desk answers."""
        if told.rule in self.gone:
            return Reason.RULE_WITHDRAWN
        return choose(told, TARIFF, {name: {channel} & self.carried for channel, name in PROVIDERS.items()})

    def tells(self, _provider: str, channel: Channel) -> Telling:
        """Who says what has arrived."""
        return Telling(channel in self.reporting, False)

    def terms(self) -> dict[str, Terms]:
        """Of all providers."""
        short = timedelta(seconds=10)
        return {name: Terms(self.provider_class, short, timedelta(hours=24)) for name in PROVIDERS.values()}

    def take_in(self, *told: Notification) -> None:
        """What the router does."""
        pairs = [(each, self.road(each)) for each in told]
        self.store.write(lambda c: inbox.take_in(c, pairs, EUR, self.now))
        self.pass_time()

    def claim(self) -> dict[Channel, Claim]:
        """Everything that may be sent now, by channel."""
        return {each.message.channel: each for each in self.claim_all()}

    def claim_all(self) -> list[Claim]:
        """Everything that may be sent now."""
        return self.store.write(lambda c: send_queue.claim(c, self.terms(), 50, lambda: self.now)).claims

    def answer(self, claim: Claim, said: Answer) -> None:
        """A provider's answer; then whatever is due."""
        terms = self.terms()[claim.message.provider]
        reply = said.model_copy(update={"provider_ref": claim.client_ref}) if said.provider_ref else said
        self.store.write(lambda c: attempts.answer(c, claim, reply, terms, self.now, timedelta(seconds=30)))
        self.pass_time()

    def send(self, said: Answer) -> Claim:
        """The one message that waits is handed over, and this is the answer."""
        [claim] = self.claim().values()
        self.answer(claim, said)
        return claim

    def report(self, claim: Claim, fate: Fate, reason: Reason) -> None:
        """A delivery report; then whatever is due."""
        provider = claim.message.provider
        said = DeliveryReport(provider=provider, client_ref=claim.client_ref, fate=fate, reason=reason, at=self.now)
        self.store.write(lambda c: reports.report(c, said, self.now))
        self.pass_time()

    def pass_time(self, length: timedelta = timedelta(0)) -> None:
        """The one timer, at the end of this time."""
        self.now += length
        while taken := self.store.write(lambda c: due.take(c, self.now)):
            fallen = [UUID(each.key) for each in taken if each.kind is DueKind.FALLBACK]
            if fallen:
                self.store.write(lambda c: self.fall(c, fallen))  # noqa: B023
                failpoint("journey_committed")
            for each in taken:
                self._act(each.kind, each.key)

    def fall(self, connection: sa.Connection, ids: Sequence[UUID]) -> None:
        """Look at these journeys."""
        falling.fall(connection, ids, self.road, self.tells, EUR, self.now)

    def _act(self, kind: DueKind, key: str) -> None:
        if kind is DueKind.RETRY:
            self.store.write(lambda c: send_queue.ready(c, UUID(key)))
        elif kind is DueKind.LEASE:
            self.store.write(lambda c: attempts.lapse(c, UUID(key), self.terms(), self.now))
        elif kind is DueKind.WINDOW:
            self.store.write(lambda c: attempts.close_window(c, UUID(key), self.now))
        elif kind is DueKind.HOLD:
            self.store.write(lambda c: waking.wake(c, [UUID(key)], self.road, EUR, self.now))

    # ---- what became of it

    def facts(self, told: Notification) -> list[tuple[Channel, Fate, Reason]]:
        """Every receipt in order, with its channel."""
        channels = {message_id(told.id, channel): channel for channel in Channel}
        return [(channels[fact.message_id], fact.fate, fact.reason) for fact in self.receipts(told)]

    def receipts(self, told: Notification) -> list[Receipt]:
        """Every receipt in order."""
        return self.store.read(lambda c: receipts.of_notification(c, told.id))

    def fates(self, told: Notification) -> dict[Channel, Fate]:
        """What became of each message."""
        mine = sa.select(message.c.channel, message.c.fate).where(message.c.notification_id == told.id)
        rows = self.store.read(lambda c: c.execute(mine.order_by(message.c.seq)).all())
        return {Channel(row.channel): Fate(row.fate) for row in rows}

    def summary(self, told: Notification) -> str:
        """What `tocsin explain` says of the whole."""
        [found] = self.store.read(lambda c: story.notifications(c, told.event_id))
        return found.status.sentence if found.status else ""

    def credit(self, unit: str) -> tuple[int, int, int]:
        """(available, held, spent) in parts or in the currency."""
        found = next(each for each in self.store.read(lambda c: ledger.credits(c, self.account)) if each.unit == unit)
        return found.available, found.held, found.spent

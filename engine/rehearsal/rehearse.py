"""One event, as far as its messages with roads, prices and verdicts; nobody is told, and nothing is written down."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from engine.account import Account
from engine.admission.admit import Verdict, admit
from engine.admission.quiet import goes_by_mail
from engine.admission.roads import rule_on_roads
from engine.admission.standing import Standing
from engine.channels.choose import Carriers, choose
from engine.channels.tariff import Tariff
from engine.decision import Decision
from engine.event import Event
from engine.notification import Channel, Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.rules.evaluate import evaluate
from engine.rules.reach import ME
from engine.rules.ruleset import Ruleset

#: Credit without end: the question is what the rules would cost, not who can pay for it.
PLENTY = 10**12


@dataclass(frozen=True)
class Company:
    """Everything that a decision depends on besides the event: who, by which rules, at what price."""

    accounts: Mapping[str, Account]
    ruleset: Ruleset
    tariff: Tariff
    carriers: Carriers

    def road(self, told: Notification, now: datetime) -> Quote | Reason:
        """By which road a notification would go, and what that costs, or why there is none."""
        by_mail = goes_by_mail(told, self.accounts[told.account].zone, now)
        return choose(told, self.tariff, self.carriers, Channel.EMAIL if by_mail else None)

    def standing(self, told: Notification, now: datetime) -> Standing:
        """Of an account that was told nothing yet, with credit without end; consent is what the files say."""
        account = self.accounts[told.account]
        contact = self.ruleset.book(account.id).contacts.get(told.recipient)
        agreed = told.recipient == ME.id or (contact is not None and bool(contact.agreed))
        return Standing(
            account=account.id,
            currency=self.tariff.currency,
            consents=frozenset(road.address for road in told.roads if agreed),
            daily_cap=account.plan.daily_cap,
            allowance=PLENTY,
            balance=PLENTY,
            zone=account.zone,
            now=now,
        )


class Prospect(NamedTuple):
    """One message that would be made."""

    notification: Notification
    quote: Quote | Reason
    """Its road and price, or why there is none."""
    verdict: Verdict
    """What the gates would say, had nothing been told before."""

    @property
    def reason(self) -> Reason:
        """Why it is told, or not, or later."""
        return self.verdict.reason

    @property
    def told(self) -> bool:
        """Whether somebody hears of it: now, later, or in a digest."""
        return self.reason is Reason.ADMITTED or self.verdict.later is not None

    @property
    def channel(self) -> Channel | None:
        """How it goes, now, later or with others; None where it does not."""
        return self.quote.channel if self.told and isinstance(self.quote, Quote) else None

    @property
    def parts(self) -> int:
        """SMS parts; 0 by any other road."""
        return self.quote.parts if isinstance(self.quote, Quote) and self.channel is Channel.SMS else 0

    @property
    def cost(self) -> int:
        """In the tariff's minor units."""
        return self.quote.price.minor if isinstance(self.quote, Quote) and self.channel else 0


class Outcome(NamedTuple):
    """What the rules said of an event, and the messages that would come of it."""

    decision: Decision
    prospects: tuple[Prospect, ...] = ()


def rehearse(event: Event, company: Company, now: datetime) -> Outcome:
    """What would come of `event`, were it decided on at `now` and nothing had been told before."""
    decision = decide(event, company, now)
    return Outcome(decision, tuple(one for each in decision.notifications for one in _judge(each, company, now)))


def decide(event: Event, company: Company, now: datetime) -> Decision:
    """What the rules say of `event`, were it decided on at `now`."""
    account = company.accounts.get(event.account)
    if account is None:
        return Decision(event.id, event.account, now, company.ruleset.version, Reason.UNKNOWN_ACCOUNT)
    return evaluate(event, account, company.ruleset, now)


def _judge(told: Notification, company: Company, now: datetime) -> Iterator[Prospect]:
    """One message, or one by each of the channels that are taken together."""
    quote = company.road(told, now)
    if not isinstance(quote, Quote):
        yield Prospect(told, quote, Verdict(quote))
        return
    standing = company.standing(told, now)
    if not told.together:
        yield Prospect(told, quote, admit(told, quote, standing)[0])
        return
    roads = {road.channel: road for road in told.roads}
    for each in rule_on_roads(told, quote, standing)[0]:
        yield Prospect(told.alone(roads[each.channel]), each.quote or each.verdict.reason, each.verdict)

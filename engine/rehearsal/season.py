"""What rules would have sent over past mail: it passes the engine's own gates, by the mails' own clock."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from uuid import UUID

from engine.account import Account
from engine.admission.later import Collect, Hold
from engine.admission.quiet import wait_until
from engine.admission.roads import Ruled, rule_on_roads, sum_up
from engine.admission.standing import Standing
from engine.admission.told import remembered
from engine.digest import DigestKey, Gathered
from engine.event import Event
from engine.notification import Channel, Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.rehearsal.narrow import Narrow
from engine.rehearsal.rehearse import Company
from engine.rules.evaluate import evaluate
from engine.rules.together import tell_together
from engine.rules.zone import find_zone

#: How often what nobody can ask for any more is forgotten.
_TIDY = timedelta(days=1)


@dataclass
class Row:
    """What came of one rule, or of the digests of an account's daily cap."""

    scope: str
    rule: str
    name: str
    matches: int = 0
    """Events that it matched."""
    messages: int = 0
    """Messages that would have been sent, digests among them."""
    digests: int = 0
    parts: int = 0
    """SMS parts of the messages."""
    cost: int = 0
    """Their price, in the tariff's minor units."""
    held: int = 0
    """Messages that would have waited for the end of quiet hours."""
    collected: int = 0
    """Notifications that a digest would have told."""
    refused: Counter[Reason] = field(default_factory=Counter)
    """Notifications that would not have been told, by reason."""


@dataclass
class _Memory:
    """What one account was told: as the store's tables hold it, for as long as a gate may ask."""

    day: date | None = None
    told_today: int = 0
    by_rule: dict[tuple[str, str], int] = field(default_factory=dict)
    summed_up: set[DigestKey] = field(default_factory=set)
    told: dict[UUID, deque[datetime]] = field(default_factory=dict)
    forget_at: dict[UUID, datetime] = field(default_factory=dict)
    tidy_at: datetime | None = None

    def begin(self, now: datetime, today: date) -> None:
        """Turn the page at midnight, and drop what has lapsed."""
        if self.day != today:
            self.day, self.told_today = today, 0
            self.by_rule.clear()
            self.summed_up.clear()
        if self.tidy_at is None or self.tidy_at <= now:
            self.tidy_at = now + _TIDY
            for key in [key for key, moment in self.forget_at.items() if moment <= now]:
                del self.told[key], self.forget_at[key]

    def remember(self, told: Notification, now: datetime, *, alone: bool) -> None:
        """Its keys, with as many moments as a throttle looks back on."""
        most = told.limits.throttle.max if told.limits.throttle else 1
        for key, length in remembered(told, alone=alone).items():
            moments = self.told.setdefault(key, deque())
            moments.append(now)
            while len(moments) > most:
                moments.popleft()
            self.forget_at[key] = now + length


@dataclass
class _Open:
    """A digest that gathers."""

    opened_at: datetime
    reason: Reason
    first: Notification
    most: int
    titles: list[str] = field(default_factory=list)
    count: int = 0
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)

    def gathered(self, key: DigestKey) -> Gathered:
        """As it is told."""
        return Gathered(
            key, self.opened_at, self.reason, self.first, self.count, tuple(self.titles), dict(self.by_rule)
        )


class Season:
    """Takes events in the order of their time and keeps count.

    Of an event nothing is kept but what is held or gathered for later, and the keys that the gates remember.
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        self._narrow = Narrow(company.ruleset)
        self._memory: dict[str, _Memory] = {}
        self._open: dict[tuple[str, DigestKey], _Open] = {}
        self._due: list[tuple[datetime, int, Notification | tuple[str, DigestKey]]] = []
        self._numbers = count()
        self.events = 0
        self.since: datetime | None = None
        self.until: datetime | None = None
        self.rows = {
            (scope, rule.id): Row(scope, rule.id, rule.name)
            for scope, rules in company.ruleset.scopes.items()
            for rule in rules
        }

    def add(self, event: Event) -> None:
        """One more event. One that is older than the one before is taken for as old."""
        now = max(event.happened_at, self.until or event.happened_at)
        self._pass_time(now)
        self.events += 1
        self.since, self.until = self.since or now, now
        account = self._company.accounts.get(event.account)
        if account is None:
            return
        decision = evaluate(event, account, self._narrow.of(event, account), now)
        for answer in decision.answers:
            if answer.reason is Reason.MATCHED:
                self.rows[answer.scope, answer.rule].matches += 1
        for told in decision.notifications:
            self._enter(told, now)

    def end(self) -> None:
        """Tell what is still held or gathered."""
        while self._due:
            self._pass_time(self._due[0][0])

    def _pass_time(self, now: datetime) -> None:
        while self._due and self._due[0][0] <= now:
            at, _, what = heappop(self._due)
            if isinstance(what, Notification):
                self._enter(what, at, again=True)
            else:
                self._tell(what, at)

    def _enter(self, told: Notification, now: datetime, *, again: bool = False) -> None:
        account = self._company.accounts[told.account]
        row = self.rows[told.scope, told.rule]
        quote = self._company.road(told, now)
        if again and told.not_after is not None and told.not_after < now:
            quote = Reason.EXPIRED
        if not isinstance(quote, Quote):
            row.refused[quote] += 1
            return
        memory = self._memory_of(account, now)
        ruled, _ = rule_on_roads(told, quote, self._standing(memory, told, now))
        verdict = sum_up(ruled)
        if isinstance(verdict.later, Hold):
            row.held += 1
            self._wait(verdict.later.wake_at, told)
        elif isinstance(verdict.later, Collect):
            row.collected += 1
            memory.remember(told, now, alone=False)
            self._collect(told, verdict.later, now)
        elif verdict.reason is Reason.ADMITTED:
            memory.remember(told, now, alone=True)
            memory.told_today += 1
            memory.by_rule[told.scope, told.rule] = memory.by_rule.get((told.scope, told.rule), 0) + 1
            _count(row, ruled)
        else:
            row.refused[verdict.reason] += 1

    def _collect(self, told: Notification, later: Collect, now: datetime) -> None:
        name = told.account, later.key
        if name not in self._open:
            self._open[name] = _Open(now, later.reason, told, later.max_items)
            self._wait(later.due_at, name)
        found = self._open[name]
        found.count += 1
        found.by_rule[told.scope, told.rule] += 1
        if len(found.titles) < found.most:
            found.titles.append(told.title)

    def _tell(self, name: tuple[str, DigestKey], now: datetime) -> None:
        """A digest whose time has come; in quiet hours it goes on gathering."""
        account = self._company.accounts[name[0]]
        until = wait_until(self._open[name].first, account.zone, now)
        if until is not None:
            self._wait(until, name)
            return
        found, key = self._open.pop(name), name[1]
        row = self._row_of(account.id, key)
        told = tell_together(found.gathered(key), account, self._name_of)
        quote = self._company.road(told, now)
        if not isinstance(quote, Quote):
            row.refused[quote] += 1
            return
        memory = self._memory_of(account, now)
        ruled, _ = rule_on_roads(told, quote, self._standing(memory, told, now), digest=True)
        verdict = sum_up(ruled)
        if verdict.reason is not Reason.ADMITTED:
            row.refused[verdict.reason] += 1
            return
        if not key.action:
            memory.summed_up.add(key)
        row.digests += 1
        _count(row, ruled)

    def _name_of(self, scope: str, rule: str) -> str:
        row = self.rows.get((scope, rule))
        return row.name if row else rule

    def _row_of(self, account: str, key: DigestKey) -> Row:
        """Whose digest it is; that of an account's daily cap is nobody's rule and has a row of its own."""
        if (key.scope, key.rule) in self.rows:
            return self.rows[key.scope, key.rule]
        return self.rows.setdefault((account, ""), Row(account, "", "(beyond the daily cap)"))

    def _standing(self, memory: _Memory, told: Notification, now: datetime) -> Standing:
        """All that a gate may ask of this one notification: its own keys, not everybody's."""
        rule = told.scope, told.rule
        return replace(
            self._company.standing(told, now),
            told_today=memory.told_today,
            told={key: tuple(memory.told[key]) for key in remembered(told, alone=True) if key in memory.told},
            by_rule={rule: memory.by_rule.get(rule, 0)},
            summed_up=frozenset(memory.summed_up),
        )

    def _memory_of(self, account: Account, now: datetime) -> _Memory:
        memory = self._memory.setdefault(account.id, _Memory())
        memory.begin(now, now.astimezone(find_zone(account.zone)).date())
        return memory

    def _wait(self, at: datetime, what: Notification | tuple[str, DigestKey]) -> None:
        heappush(self._due, (at, next(self._numbers), what))


def _count(row: Row, ruled: Iterable[Ruled]) -> None:
    for quote in (each.quote for each in ruled if each.admitted):
        assert quote is not None
        row.messages += 1
        row.parts += quote.parts if quote.channel is Channel.SMS else 0
        row.cost += quote.price.minor

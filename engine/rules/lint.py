"""What is surely not meant, though it is no mistake: rules that nothing reaches, that nobody hears of, that cost."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.account import Account
from engine.document import Problem, Related, Span
from engine.money import Money
from engine.notification import Channel, Lane
from engine.rules.cost import Price, worst_message
from engine.rules.implication import bare, implies, never, predicates
from engine.rules.reach import ME, address, who
from engine.rules.ruleset import GLOBAL, ReadyAction, ReadyRule, Ruleset
from engine.rules.when.predicate import All, Not, Operator, Predicate, Tree
from engine.rules.when.words import ANYONE

#: Proofs that one look may take: beyond it, rules are passed over and not guessed at.
MOST_PROOFS = 20_000
#: So many urgent actions make a habit.
_HABIT = 3


#: Whether somebody carries messages to this address by this channel.
Carried = Callable[[str, Channel], bool]
#: The provider for this address and channel, when it never says that a message arrived.
Silent = Callable[[str, Channel], str]


def _nobody(address: str, channel: Channel) -> str:
    return ""


def lint(
    ruleset: Ruleset,
    accounts: Mapping[str, Account],
    price: Price,
    carried: Carried,
    silent: Silent = _nobody,
) -> list[Problem]:
    """Every warning, scope by scope in the order in which rules are asked. `price`: of one part to a number."""
    shared = ruleset.scopes.get(GLOBAL, ())
    found: list[Problem] = []
    for scope, rules in ruleset.scopes.items():
        before = () if scope == GLOBAL else shared
        owners = list(accounts.values()) if scope == GLOBAL else [accounts[scope]] if scope in accounts else []
        found += _reach(before, rules)
        found += _twins(rules)
        found += _people(rules, owners if scope != GLOBAL else ())
        found += _roads(rules, owners, carried)
        found += _journeys(rules)
        found += _unheard(rules, owners, silent)
        found += _costs(rules, owners, price)
        found += _lanes(rules)
    return found


# ---- what nothing reaches


def _reach(before: Sequence[ReadyRule], rules: Sequence[ReadyRule]) -> Iterator[Problem]:
    proofs = MOST_PROOFS
    stoppers = [_Stopper.of(rule, _blockers(before[:index])) for index, rule in enumerate(before) if rule.final]
    for rule in rules:
        if never(rule.when):
            yield _warn(rule, "its condition can never hold: two of its parts exclude each other", "never")
            continue
        fields = frozenset(each.field for each in predicates(rule.when))
        for stopper in stoppers:
            if proofs > 0 and stopper.may_stop(rule, fields):
                proofs -= 1
                if stopper.stops(rule):
                    message = f"nothing reaches this rule: '{stopper.rule.name}' stops everything that it matches"
                    hint = "write it before the other one, or narrow the other one"
                    yield _warn(rule, message, "unreachable", hint, stopper.rule)
                    break
        if rule.stop or rule.final:
            stoppers.append(_Stopper.of(rule, ()))


def _blockers(earlier: Sequence[ReadyRule]) -> tuple[ReadyRule, ...]:
    """Global rules that end the global ones only: where they match, a final one after them is not asked."""
    return tuple(rule for rule in earlier if rule.stop and not rule.final)


@dataclass(frozen=True)
class _Stopper:
    """A rule that ends the asking, and what must be in a condition for that to be proven of it."""

    rule: ReadyRule
    blockers: tuple[ReadyRule, ...]
    fields: frozenset[str]

    @classmethod
    def of(cls, rule: ReadyRule, blockers: tuple[ReadyRule, ...]) -> "_Stopper":
        return cls(rule, blockers, frozenset(_needed(rule.when)))

    def may_stop(self, later: ReadyRule, fields: frozenset[str]) -> bool:
        """The cheap half: both are about the same kind of event, and the later one speaks of all that is asked."""
        return self.rule.about == later.about and self.fields <= fields and _accepts(self.rule, later)

    def stops(self, later: ReadyRule) -> bool:
        """Whether it is proven that this one is asked and matches wherever the later one would."""
        return implies(later.when, self.rule.when) and all(
            never(All((later.when, each.when))) for each in self.blockers if each.about == later.about
        )


def _accepts(stopper: ReadyRule, later: ReadyRule) -> bool:
    """Whether mail of machines that the later one accepts meets the stopper too; one that tells nobody meets all."""
    return not stopper.actions or (bool(later.actions) and later.accept <= stopper.accept)


def _needed(tree: Tree) -> Iterator[str]:
    """Fields without which nothing implies this condition."""
    if isinstance(tree, Predicate) and not (tree.operator is Operator.ADDRESS and ANYONE in tree.values):
        yield tree.field
    elif isinstance(tree, Not):
        yield from (each.field for each in predicates(tree.part) if isinstance(tree.part, Predicate))
    elif isinstance(tree, All):
        for part in tree.parts:
            yield from _needed(part)


def _twins(rules: Sequence[ReadyRule]) -> Iterator[Problem]:
    """Two rules with one condition that tell the same person: two messages of one mail."""
    first: dict[object, ReadyRule] = {}
    for rule in rules:
        if not rule.actions:
            continue
        other = first.setdefault((rule.about, bare(rule.when)), rule)
        both = _whom(other) & _whom(rule)
        if other is not rule and both and not other.stop:
            message = f"the same condition as '{other.name}': both tell {', '.join(sorted(both))}"
            yield _warn(rule, message, "twin", "remove one, or give the first `stop: true`", other)


def _whom(rule: ReadyRule) -> set[str]:
    return {recipient.id for action in rule.actions for recipient in action.recipients}


# ---- who never hears of it


def _people(rules: Sequence[ReadyRule], owners: Sequence[Account]) -> Iterator[Problem]:
    said: set[tuple[str, str]] = set()
    for rule in rules:
        for action in rule.actions:
            for name, code, message, hint in _deaf(action, owners):
                if (name, code) not in said:
                    said.add((name, code))
                    yield _warn(rule, message, code, hint)


def _deaf(action: ReadyAction, owners: Sequence[Account]) -> Iterator[tuple[str, str, str, str]]:
    """(who, code, message, what to do) of each recipient whom this cannot reach, or who has not agreed."""
    for recipient in action.recipients:
        if recipient.id == ME.id:
            for owner in owners:
                if not any(address(who(recipient, owner), channel) for channel in action.channels):
                    words = _needed_addresses(action)
                    message = f"the account '{owner.id}' has no {words}: 'me' is not told"
                    yield owner.id, "no-number", message, "add it to the account's file"
            continue
        if not any(address(recipient, channel) for channel in action.channels):
            words = _needed_addresses(action)
            yield recipient.id, "no-number", f"'{recipient.id}' has no {words}", "add it to the contact's file"
        if not recipient.agreed:
            message = f"'{recipient.id}' has not agreed to be told, and is not told"
            hint = 'ask, and write in the contact\'s file: agreed: "by e-mail, 2026-03-01"'
            yield recipient.id, "no-consent", message, hint


def _roads(rules: Sequence[ReadyRule], owners: Sequence[Account], carried: Carried) -> Iterator[Problem]:
    """Channels that a rule counts on and that nobody carries. Of numbers the tariff's own warnings speak."""
    said: set[str] = set()
    for rule in rules:
        for action in rule.actions:
            for channel in _OTHER_CHANNELS:
                lost = channel in action.channels and _lost(action, owners, channel, carried)
                if lost and (channel is not Channel.EMAIL or channel not in said):
                    said.add(channel)
                    message = f"nothing goes to {lost} by {channel}: no line of tariff.yaml covers it"
                    yield _warn(rule, message, "no-route", f"add `{channel}:` there, or leave the channel out")


def _lost(action: ReadyAction, owners: Sequence[Account], channel: Channel, carried: Carried) -> str:
    """Who has an address for this channel that nobody carries messages to."""
    names = (
        recipient.id
        for recipient in action.recipients
        for owner in owners
        if (where := address(who(recipient, owner), channel)) and not carried(where, channel)
    )
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))


_ADDRESSES = {Channel.EMAIL: "e-mail address", Channel.FAX: "fax number"}
_OTHER_CHANNELS = (Channel.EMAIL, Channel.FAX, Channel.MMS, Channel.RCS)
#: Where somebody knows whether a message was read.
_READ = (Channel.RCS,)


def _needed_addresses(action: ReadyAction) -> str:
    """Any of which would do."""
    return " or ".join(dict.fromkeys(_ADDRESSES.get(channel, "number") for channel in action.channels))


def _journeys(rules: Sequence[ReadyRule]) -> Iterator[Problem]:
    """Several channels where there is only one, and reasons to go on that nobody will ever know of."""
    for rule in rules:
        for action in rule.actions:
            after = action.fallback is not None and action.fallback.after is not None
            if len(action.channels) == 1 and (action.together or after):
                word = "together" if action.together else "fallback"
                message = f"'{word}' is about several channels, and {action.channels[0]} is the only one"
                yield _warn(rule, message, "one-channel", "name more of them in `channels`, or leave it out")
            first = action.channels[:-1]
            unread = not any(channel in _READ for channel in first)
            if first and unread and action.fallback is not None and "not_read" in action.fallback.on:
                names = " or ".join(first)
                message = f"nobody knows whether a message was read that went by {names}: 'not_read' does nothing"
                yield _warn(rule, message, "not-read", "it is known of rcs; elsewhere write not_delivered")


def _unheard(rules: Sequence[ReadyRule], owners: Sequence[Account], silent: Silent) -> Iterator[Problem]:
    """Next channels that are always taken, since nobody would say that the first message arrived."""
    for rule in rules:
        for action in rule.actions:
            if action.fallback is None or "not_delivered" not in action.fallback.on:
                continue
            roads = (
                (silent(where, channel), channel)
                for channel in action.channels[:-1]
                for recipient in action.recipients
                for owner in owners
                if (where := address(who(recipient, owner), channel))
            )
            name, channel = next((road for road in roads if road[0]), ("", Channel.SMS))
            if name:
                message = f"'{name}' never says that a message by {channel} arrived: the next channel is always taken"
                hint = "write `on: [failed]`, or let a provider carry it that reports (docs/providers.md)"
                yield _warn(rule, message, "no-reports", hint)


# ---- what it costs


def _costs(rules: Sequence[ReadyRule], owners: Sequence[Account], price: Price) -> Iterator[Problem]:
    for rule in rules:
        if not rule.actions or not never(Not(rule.when)):
            continue
        event = {"mail": "mail", "message": "text"}.get(rule.about, "appointment")
        if any(action.lane is Lane.URGENT for action in rule.actions):
            hint = "lane 1 is for what cannot wait; leave `lane` out for the rest"
            yield _warn(rule, f"every {event} goes in lane 1, before everybody's urgent messages", "all-urgent", hint)
        limits = rule.limits
        if limits.throttle is None and limits.daily is None and limits.digest is None:
            worst = _worst(rule, owners, price)
            message = f"tells of every {event} without a limit of its own{worst}"
            yield _warn(rule, message, "no-limit", "give it `throttle`, `daily` or `digest`, or a narrower condition")


def _worst(rule: ReadyRule, owners: Sequence[Account], price: Price) -> str:
    """What that can cost a day, in the words of a sum."""
    days: list[tuple[int, str]] = []
    for owner in owners:
        found = worst_message(rule, owner, price)
        if found is not None:
            parts, whole = found
            cap = owner.plan.daily_cap
            day = Money(minor=whole.minor * cap, currency=whole.currency)
            each = Money(minor=whole.minor // parts, currency=whole.currency)
            many = f"{parts} part" + ("" if parts == 1 else "s")
            days.append((day.minor, f": {many} x {each} x {cap} messages a day = {day} a day for '{owner.id}'"))
    return max(days)[1] if days else ""


def _lanes(rules: Sequence[ReadyRule]) -> Iterator[Problem]:
    telling = [rule for rule in rules if rule.actions]
    urgent = [action for rule in telling for action in rule.actions if action.lane is Lane.URGENT]
    if len(urgent) >= _HABIT and len(urgent) == sum(len(rule.actions) for rule in telling):
        hint = "lane 1 is for what cannot wait; the others then have a faster one too"
        yield _warn(telling[0], f"all {len(urgent)} messages of these rules go in lane 1", "all-urgent", hint)


def _warn(rule: ReadyRule, message: str, code: str, hint: str = "", other: ReadyRule | None = None) -> Problem:
    file, span = _place(rule)
    related = (Related(*_place(other), "the other one"),) if other else ()
    return Problem(message, file, span, "warning", code, hint=hint, related=related)


def _place(rule: ReadyRule) -> tuple[str, Span]:
    file, _, line = rule.place.rpartition(":")
    number = int(line) if line.isdecimal() else 1
    return file, Span(number, 1, number, 2)

"""What changed rules would do differently: rules that came, went or changed, and events decided otherwise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.decision import Decision
from engine.event import Event, MailArrived
from engine.notification import Notification
from engine.quote import Quote
from engine.rehearsal.rehearse import Company, decide
from engine.rules.implication import bare
from engine.rules.ruleset import ReadyRule, Ruleset

#: Events that are named; the others are counted.
MOST_NAMED = 50

Key = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One event that would be decided otherwise."""

    event: Event
    at: datetime
    """When it was decided on."""
    gone: tuple[Notification, ...]
    """Told by the rules of then, and not by the new ones."""
    new: tuple[Notification, ...]
    """The other way round; one that says something else stands in both."""


@dataclass
class Sum:
    """What some rules tell of all events together."""

    messages: int = 0
    parts: int = 0
    cost: int = 0
    """In the tariff's minor units."""


@dataclass
class Difference:
    """Between what was decided and what the new rules would have decided."""

    events: int = 0
    cut: int = 0
    """Events of which less is kept than the rules looked at: a condition on the rest may be answered otherwise."""
    changed: int = 0
    named: list[Change] = field(default_factory=list)
    before: Sum = field(default_factory=Sum)
    after: Sum = field(default_factory=Sum)
    by_rule: dict[Key, int] = field(default_factory=dict)
    """How many messages more (or fewer) each rule makes."""


def compare_events(kept: Iterable[tuple[Event, Decision]], company: Company) -> Difference:
    """Decide on each event anew, as of the moment in which it was decided on. Both sides at the same tariff."""
    found = Difference()
    for event, decision in kept:
        found.events += 1
        found.cut += isinstance(event, MailArrived) and event.truncated
        after = decide(event, company, decision.decided_at).notifications
        _add(found.before, decision.notifications, company, decision.decided_at)
        _add(found.after, after, company, decision.decided_at)
        gone, new = _less(decision.notifications, after), _less(after, decision.notifications)
        if gone or new:
            found.changed += 1
            found.named += [Change(event, decision.decided_at, gone, new)] if found.changed <= MOST_NAMED else []
        for sign, told in ((-1, decision.notifications), (1, after)):
            for each in told:
                key = each.scope, each.rule
                found.by_rule[key] = found.by_rule.get(key, 0) + sign
    return found


def _less(these: Iterable[Notification], those: Iterable[Notification]) -> tuple[Notification, ...]:
    """Those of `these` that nobody is told in the same words by the same road among `those`."""
    known = {_said(each) for each in those}
    return tuple(each for each in these if _said(each) not in known)


def _said(told: Notification) -> tuple[object, ...]:
    return told.id, told.address, told.channel, told.text, told.lane


def _add(sum_: Sum, told: Iterable[Notification], company: Company, now: datetime) -> None:
    for each in told:
        quote = company.road(each, now) if each.account in company.accounts else None
        if isinstance(quote, Quote):
            sum_.messages += 1
            sum_.parts += quote.parts if quote.channel == "sms" else 0
            sum_.cost += quote.price.minor


@dataclass(frozen=True)
class RuleChanges:
    """Which rules came, went, or are no longer what they were, by scope and id."""

    added: tuple[ReadyRule, ...]
    removed: tuple[ReadyRule, ...]
    changed: tuple[ReadyRule, ...]


def compare_rules(before: Ruleset, after: Ruleset) -> RuleChanges:
    """By what they ask and tell; where they stand in a file, and how that is worded, is no matter."""
    old, new = _all(before), _all(after)
    return RuleChanges(
        added=tuple(rule for key, rule in new.items() if key not in old),
        removed=tuple(rule for key, rule in old.items() if key not in new),
        changed=tuple(rule for key, rule in new.items() if key in old and _content(rule) != _content(old[key])),
    )


def _all(ruleset: Ruleset) -> Mapping[Key, ReadyRule]:
    return {(rule.scope, rule.id): rule for rules in ruleset.scopes.values() for rule in rules}


def _content(rule: ReadyRule) -> object:
    quiet = rule.limits.quiet
    unless = bare(quiet.unless) if quiet and quiet.unless else None
    limits = (rule.limits.same_by, rule.limits.same_for, rule.limits.throttle, rule.limits.digest, rule.limits.daily)
    hours = (quiet.between, quiet.then, quiet.urgent, unless) if quiet else None
    actions = tuple(
        (
            *(each.name, each.recipients, each.channels, each.max_parts, each.beyond, each.lane),
            *(each.on_unknown, each.expires_after, each.signature),
            dict(each.texts),
        )
        for each in rule.actions
    )
    return rule.name, rule.about, bare(rule.when), actions, rule.stop, rule.final, rule.accept, limits, hours

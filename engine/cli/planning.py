"""The plan: the rules of two folders, and the decisions that are kept, held against one another."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.cli.rehearsing import company_of, require, show_cost
from engine.event import MailArrived, OccasionDue
from engine.notification import Notification
from engine.rehearsal.difference import Change, Difference, RuleChanges, compare_events, compare_rules
from engine.rehearsal.rehearse import Company
from engine.rules.ruleset import ReadyRule
from engine.rules.texts.clean import clean
from engine.rules.zone import find_zone
from engine.store import accounts, decisions
from engine.store.reader import reading

_MOST = 60


@dataclass(frozen=True)
class Plan:
    """What was held against what, and what differs."""

    running: str
    """The version of the configuration that runs, as the store knows it; empty: none ever ran."""
    here: str
    """The version of the folder of --config."""
    new: str
    rules: RuleChanges | None
    """Between the two folders; None where there is only one."""
    difference: Difference
    company: Company


def plan(config: Path, folder: Path | None) -> Plan:
    """Read both folders and the store. Raises TocsinError."""
    wanted = require(config)
    changed = require(folder) if folder is not None else wanted
    company = company_of(changed)
    with reading(wanted.store) as store:
        running = store.read(accounts.version_in_force)
        difference = store.read(lambda connection: compare_events(decisions.walk(connection), company))
    rules = compare_rules(wanted.ruleset, changed.ruleset) if folder is not None else None
    return Plan(running, wanted.version, changed.version, rules, difference, company)


def plan_lines(made: Plan) -> Iterator[str]:
    """For a person."""
    yield f"runs: {made.running or 'nothing yet'}; new: {made.new}"
    if made.rules is not None and made.running not in ("", made.here):
        yield f"  (the folder of --config is {made.here} by now: what runs has other rules than it)"
    if made.rules is not None:
        for sign, rules in (("+", made.rules.added), ("-", made.rules.removed), ("~", made.rules.changed)):
            for rule in rules:
                yield f"{sign} rule {rule.scope}/{rule.id}  {rule.place}"
        if not (made.rules.added or made.rules.removed or made.rules.changed):
            yield "the rules are the same"
    yield from _event_lines(made)


def _event_lines(made: Plan) -> Iterator[str]:
    found = made.difference
    yield f"{found.events} events of the last 7 days, {found.changed} decided otherwise"
    if found.cut:
        yield f"  (of {found.cut} only the beginning is kept: conditions on the rest may be answered otherwise)"
    for change in found.named:
        yield from _change_lines(change, made.company)
    if found.changed > len(found.named):
        yield f"  and {found.changed - len(found.named)} more"
    for (scope, rule), more in sorted(found.by_rule.items(), key=lambda each: (-abs(each[1]), each[0])):
        if more:
            yield f"{more:+d} messages by {scope}/{rule}"
    before, after = found.before, found.after
    for name in ("messages", "parts"):
        one, two = getattr(before, name), getattr(after, name)
        yield f"{'SMS parts' if name == 'parts' else name}: {one} → {two} ({two - one:+d})"
    more = after.cost - before.cost
    sign = "-" if more < 0 else "+"
    costs = show_cost(before.cost, made.company), show_cost(after.cost, made.company)
    yield f"price: {costs[0]} → {costs[1]} ({sign}{show_cost(abs(more), made.company)}), before limits and credit"


def _change_lines(change: Change, company: Company) -> Iterator[str]:
    event = change.event
    account = company.accounts.get(event.account)
    at = change.at.astimezone(find_zone(account.zone if account else "UTC"))
    yield f"{at:%Y-%m-%d %H:%M}  {event.account}  {_what(change)}  {event.id}"
    for sign, told in (("-", change.gone), ("+", change.new)):
        for each in told:
            yield f"  {sign} {_say(each)}"


def _what(change: Change) -> str:
    event = change.event
    subject = event.subject if isinstance(event, MailArrived) else getattr(event, "title", "")
    kind = "occasion" if isinstance(event, OccasionDue) else event.kind
    return f'{kind} "{clean(subject)[:_MOST]}"'


def _say(told: Notification) -> str:
    return f'{told.scope}/{told.rule}: {told.channel} to {told.recipient}: "{clean(told.text)[:_MOST]}"'


def plan_record(made: Plan) -> dict[str, Any]:
    """For programs."""
    found = made.difference
    rules = made.rules
    return {
        "running": made.running,
        "new": made.new,
        "rules": {
            name: [_rule(rule) for rule in getattr(rules, name)] for name in ("added", "removed", "changed") if rules
        },
        "events": found.events,
        "cut": found.cut,
        "changed": found.changed,
        "named": [
            {
                "event": str(change.event.id),
                "at": change.at.isoformat(),
                "gone": [_say(each) for each in change.gone],
                "new": [_say(each) for each in change.new],
            }
            for change in found.named
        ],
        "before": asdict(found.before),
        "after": asdict(found.after),
        "currency": made.company.tariff.currency,
        "by_rule": {f"{scope}/{rule}": more for (scope, rule), more in found.by_rule.items() if more},
    }


def _rule(rule: ReadyRule) -> dict[str, str]:
    return {"scope": rule.scope, "rule": rule.id, "name": rule.name, "place": rule.place}

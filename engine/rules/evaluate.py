"""An event and the rules in force -> what they say of it. Pure, so that a redelivery decides the same."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.account import Account
from engine.decision import Decision, Evidence, RuleAnswer
from engine.event import Event, Incident, MailArrived
from engine.notification import Notification
from engine.reason import Reason
from engine.rules.incident import notify, wanted
from engine.rules.render import Reader, clock
from engine.rules.ruleset import ReadyAction, ReadyRule, Ruleset
from engine.rules.view import View
from engine.segments import shorten

#: An empty text would be charged like a full one and say nothing.
_NOTHING_TO_SAY = "(no text)"


def evaluate(event: Event, account: Account, ruleset: Ruleset, now: datetime) -> Decision:
    """What the rules of `account` say of `event`; `now` is when the decision is made.

    The global rules are asked first, then the account's own, each until a rule that matches says `stop`.
    """
    if isinstance(event, Incident):
        return _decide_incident(event, account, ruleset, now)
    if not isinstance(event, MailArrived):
        return _decide(event, account, ruleset, now, Reason.NO_RULE_MATCHED)
    if event.late == "drop":
        return _decide(event, account, ruleset, now, Reason.TOO_LATE)
    answers, matched = _ask(ruleset.of(account.id), View(event))
    if not matched:
        return _decide(event, account, ruleset, now, Reason.NO_RULE_MATCHED, answers)
    actions = [(rule, action) for rule in matched for action in rule.actions]
    if actions and not account.numbers:
        return _decide(event, account, ruleset, now, Reason.NO_NUMBER, answers)
    notifications = tuple(_notify(event, account, ruleset, now, rule, action) for rule, action in actions)
    return _decide(event, account, ruleset, now, Reason.MATCHED, answers, notifications)


def _decide_incident(event: Incident, account: Account, ruleset: Ruleset, now: datetime) -> Decision:
    if not wanted(event, account):
        return _decide(event, account, ruleset, now, Reason.NOT_WANTED)
    if not account.numbers:
        return _decide(event, account, ruleset, now, Reason.NO_NUMBER)
    told = notify(event, account, ruleset.version, find_zone(account.zone), now)
    return _decide(event, account, ruleset, now, Reason.MATCHED, (), (told,))


def _ask(rules: tuple[ReadyRule, ...], view: View) -> tuple[tuple[RuleAnswer, ...], list[ReadyRule]]:
    answers: list[RuleAnswer] = []
    matched: list[ReadyRule] = []
    remaining: Iterator[ReadyRule] = iter(rules)
    for rule in remaining:
        evidence: list[Evidence] = []
        holds = rule.when.explain(view, evidence)
        answers.append(
            RuleAnswer(
                rule.scope,
                rule.id,
                rule.name,
                rule.place,
                Reason.MATCHED if holds else Reason.NO_RULE_MATCHED,
                tuple(evidence),
            )
        )
        if holds:
            matched.append(rule)
            if rule.stop:
                answers += (other.stopped for other in remaining)
    return tuple(answers), matched


def _decide(
    event: Event,
    account: Account,
    ruleset: Ruleset,
    now: datetime,
    reason: Reason,
    answers: tuple[RuleAnswer, ...] = (),
    notifications: tuple[Notification, ...] = (),
) -> Decision:
    return Decision(
        event_id=event.id,
        account=account.id,
        decided_at=now,
        rules_version=ruleset.version,
        reason=reason,
        answers=answers,
        notifications=notifications,
    )


def _notify(
    event: MailArrived, account: Account, ruleset: Ruleset, now: datetime, rule: ReadyRule, action: ReadyAction
) -> Notification:
    return Notification(
        event_id=event.id,
        account=account.id,
        scope=rule.scope,
        rule=rule.id,
        action=action.name,
        recipient=action.to,
        address=account.numbers[0],
        channel=action.channel,
        text=write_text(event, account, action),
        lane=action.lane,
        max_parts=action.max_parts,
        on_unknown=action.on_unknown,
        decided_at=now,
        not_after=_add(event.happened_at, action.expires_after),
        rules_version=ruleset.version,
    )


def write_text(event: MailArrived, account: Account, action: ReadyAction) -> str:
    """What the action says of this mail, in the account's zone, in at most `max_parts` parts."""
    zone = find_zone(account.zone)
    text = action.text.render(event, Reader(account.language, zone)) or _NOTHING_TO_SAY
    if event.late == "say so":
        text = f"(late, {clock(event.arrived_at, zone)}) {text}"
    # no part holds more than 160 characters: what is beyond cannot stay, and counting it would take long
    return shorten(text[: 160 * (action.max_parts + 1)], action.max_parts)


def _add(moment: datetime, length: timedelta | None) -> datetime | None:
    if length is None:
        return None
    try:
        return moment + length
    except OverflowError:  # a mail server that says the year 9999
        return None


@lru_cache(maxsize=1024)
def find_zone(name: str) -> tzinfo:
    """The zone of this IANA name; UTC when this machine no longer knows it (the settings checked it once)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc  # noqa: UP017

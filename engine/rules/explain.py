"""A decision as a person reads it: every rule, every condition, ✓ or ✗, and what came of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from engine.decision import Decision, Evidence, RuleAnswer
from engine.event import AgendaDue, Event, Incident, MailArrived, MessageReceived, OccasionDue
from engine.notification import Notification
from engine.phone import mask
from engine.reason import Reason
from engine.rules.texts.render import clean
from engine.rules.zone import in_zone

_MOST = 60


def explain(decision: Decision, event: Event, zone: tzinfo = UTC) -> list[str]:
    """The lines of a tree: the event, each rule with its conditions, and the messages or the reason for none.

    `zone` is the account's.
    """
    lines = [_event_line(event, zone)]
    for answer in decision.answers:
        lines += _rule_lines(answer)
    if isinstance(event, MailArrived) and event.truncated:
        lines.append("  (the mail was longer than what is kept; the rest was not looked at)")
    lines += [_message_line(each) for each in decision.notifications]
    if not decision.notifications:
        lines.append(f"→ no message: {_why(decision, event)}")
    return lines


def _why(decision: Decision, event: Event) -> str:
    if decision.reason is Reason.NO_RULE_MATCHED and isinstance(event, OccasionDue):
        return "the rule is gone, or no longer holds for this appointment" if event.rule else "no rule matched"
    if decision.reason is Reason.MATCHED:
        return "a rule matched that tells nobody"
    return decision.reason.sentence


def _event_line(event: Event, zone: tzinfo) -> str:
    if isinstance(event, MailArrived):
        sender = event.sender.address if event.sender else "nobody"
        return f"mail {event.uid} {_quote(event.subject)} from {clean(sender)}"
    if isinstance(event, Incident):
        return f"incident {event.what} {_quote(event.subject)} since {_clock(event.began_at, zone)}"
    if isinstance(event, AgendaDue):
        return f"agenda {_quote(event.name)} of {event.day}, with {len(event.items)} appointments"
    if isinstance(event, MessageReceived):
        to = f" to {clean(event.to)}" if event.to else ""
        return f"text {_quote(event.text)} from {mask(event.sender)}{to} through {clean(event.provider)}"
    return _occasion_line(event, zone)


def _occasion_line(event: OccasionDue, zone: tzinfo) -> str:
    what = f"{_quote(event.title)} of {clean(event.feed)}"
    if event.change == "moved":
        was = _clock(event.was or event.starts_at, zone)
        return f"appointment {what} was moved from {was} to {_clock(event.starts_at, zone)}"
    if event.change:
        return f"appointment {what} of {_clock(event.starts_at, zone)} was {event.change}"
    by = f" ({clean(event.alarm)})" if event.alarm else ""
    late = ", late" if event.late else ""
    again = f", armed again ({event.turn})" if event.turn else ""
    starts = _clock(event.starts_at, zone)
    return f"reminder of {what}, which starts {starts}, due {_clock(event.due_at, zone)}{by}{late}{again}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{in_zone(at, zone):%Y-%m-%d %H:%M}"


def _rule_lines(answer: RuleAnswer) -> Iterator[str]:
    sign = "✓" if answer.reason is Reason.MATCHED else "✗" if answer.reason is Reason.NO_RULE_MATCHED else "-"
    yield f"{sign} {answer.scope}/{answer.rule or answer.name}  {answer.place}"
    if answer.reason not in (Reason.MATCHED, Reason.NO_RULE_MATCHED):
        yield f"    {answer.reason.sentence}"
    width = max((len(each.condition) for each in answer.evidence), default=0)
    for each in answer.evidence:
        yield _condition_line(each, min(width, _MOST))
    if answer.reason is Reason.AUTOMATIC:
        yield from _what_to_accept(answer.evidence)


def _what_to_accept(evidence: tuple[Evidence, ...]) -> Iterator[str]:
    """How a rule is written that is told of such mail; `evidence` ends with the kinds that were refused."""
    kinds = evidence[-1].found if evidence else ""
    # what Tocsin itself sent is never accepted
    if kinds and "own" not in kinds.split(", "):
        yield f"    to be told of it all the same, write in the rule: accept: [{kinds}]"


def _condition_line(evidence: Evidence, width: int) -> str:
    sign = "✓" if evidence.holds else "✗"
    place = "" if evidence.holds or not evidence.place else f"  {evidence.place}"
    return f"    {sign} {evidence.condition.ljust(width)}  {_quote(evidence.found)}{place}"


def _message_line(notification: Notification) -> str:
    to = f"{notification.recipient} ({mask(notification.address)})"
    return f'→ {notification.channel} to {to}: "{clean(notification.text)}"'


def _quote(text: str) -> str:
    text = clean(text)
    return f'"{text[:_MOST]}…"' if len(text) > _MOST else f'"{text}"'

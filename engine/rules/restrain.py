"""A rule's limits as one notification carries them: what counts as the same, and whose quiet hours hold."""

from engine.account import Contact
from engine.event import MailArrived
from engine.identity import derive
from engine.notification import Dedupe, Limits
from engine.quiet import QuietHours
from engine.rules.ruleset import ReadyAction, ReadyLimits, ReadyRule
from engine.rules.when.match import holds
from engine.rules.when.view import View


def limits_of(view: View, person: Contact, rule: ReadyRule, action: ReadyAction, text: str) -> Limits:
    """The rule's limits for this person and this event; `text` is what would be sent."""
    limits = rule.limits
    """The rule's limits as this notification carries them."""
    return Limits(
        dedupe=_same(view, person, rule, action, text),
        throttle=limits.throttle,
        quiet_hours=_quiet(view, person, limits, action),
        digest=limits.digest,
        daily=limits.daily,
    )


def _same(view: View, person: Contact, rule: ReadyRule, action: ReadyAction, text: str) -> Dedupe | None:
    """What makes it the same, as one word: of whom and by what, and the chosen fields. None when all are empty."""
    values = [text if field == "text" else _field(view, field) for field in rule.limits.same_by]
    if not any(values):
        return None
    key = derive("same", rule.scope, rule.id, action.name, person.id, *values)
    return Dedupe(key=str(key), for_=rule.limits.same_for)


def _field(view: View, field: str) -> str:
    if field == "message_id":
        return view.event.message_id if isinstance(view.event, MailArrived) else ""
    texts = view.addresses(field) if field in ("from", "to", "cc") else view.texts(field)
    return "\n".join(sorted(texts))


def _quiet(view: View, person: Contact, limits: ReadyLimits, action: ReadyAction) -> QuietHours | None:
    """The hours in which this person is not to be disturbed by this; none when the exception holds."""
    hours = quiet_hours(limits, person)
    quiet = limits.quiet
    if hours is None or quiet is None:
        return None
    if quiet.urgent and action.lane == 1:
        return None
    if quiet.unless is not None and holds(quiet.unless, view):
        return None
    return hours


def quiet_hours(limits: ReadyLimits, person: Contact) -> QuietHours | None:
    """The rule's own hours, else the receiver's, with what the rule wants then; exceptions aside."""
    quiet = limits.quiet
    if quiet is None:
        return None
    hours = QuietHours(start=quiet.between[0], end=quiet.between[1]) if quiet.between else person.quiet_hours
    return hours.model_copy(update={"then": quiet.then}) if hours and quiet.then else hours

"""A rule that matched -> one notification to each person whom it tells, with every road and limit it carries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.account import Account, Contact
from engine.event import MessageReceived, OccasionDue, Subject
from engine.notification import Channel, Notification
from engine.notification import Road as Way
from engine.rules.attach import pick
from engine.rules.reach import address, who
from engine.rules.restrain import limits_of, quiet_hours
from engine.rules.ruleset import ReadyAction, ReadyRule
from engine.rules.texts.render import clean
from engine.rules.when.view import View
from engine.rules.write import fit, sign, write
from engine.segments import count

#: For so long a reminder is worth sending that came due when the appointment was over already.
_GRACE = timedelta(hours=1)
#: As much of what it is about as a digest has room for.
_TITLE = 60


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds for an event of an account."""

    event: Subject
    view: View
    account: Account
    rule: ReadyRule

    @property
    def sender(self) -> str:
        """The phone that a text came from; empty for every other event."""
        return self.event.sender if isinstance(self.event, MessageReceived) else ""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a match: the notifications, and the names of those who are told nothing."""

    notifications: tuple[Notification, ...] = ()
    unreached: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    """Who would have been told of a text that came from their own phone."""


def tell(match: Match, version: str, now: datetime) -> Told:
    """The notifications of all actions of the rule; an action tells a phone once, whoever it belongs to."""
    made: list[Notification] = []
    unreached: dict[str, None] = {}
    senders: dict[str, None] = {}
    for action in match.rule.actions:
        taken: set[str] = set()
        for recipient in action.recipients:
            person = who(recipient, match.account)
            ways = list(_ways(match, person, action, now))
            if match.sender and any(way.address == match.sender for way in ways):
                # Two machines that answer each other's texts never end.
                senders[person.id] = None
                ways = [way for way in ways if way.address != match.sender]
            elif not ways:
                unreached[person.id] = None
            if ways and ways[0].address not in taken:
                taken.add(ways[0].address)
                made.append(_notify(match, person, action, ways, version, now))
    return Told(tuple(made), tuple(unreached), tuple(senders))


def _ways(match: Match, person: Contact, action: ReadyAction, now: datetime) -> Iterator[Way]:
    """The roads to this person in order, each with its text."""
    channels = [channel for channel in action.channels if address(person, channel)]
    if not channels:
        return
    text = write(match.event, match.account, person, match.rule, action, now)
    tail = sign(match.account.signature if action.signature is None else action.signature)
    whole = text + tail
    if action.beyond == "email" and person.email and count(whole).parts > action.max_parts:
        channels = [Channel.EMAIL, *(each for each in channels if each is not Channel.EMAIL)]
    hours = quiet_hours(match.rule.limits, person)
    if hours is not None and hours.then == "email" and person.email and Channel.EMAIL not in channels:
        channels.append(Channel.EMAIL)
    for channel in channels:
        if channel is not Channel.SMS:
            yield Way(channel=channel, address=address(person, channel), text=whole)
            continue
        kept = whole if action.beyond == "refuse" else fit(text, tail, action.max_parts)
        yield Way(channel=channel, address=address(person, channel), text=kept, max_parts=action.max_parts)


def _notify(
    match: Match, person: Contact, action: ReadyAction, ways: Sequence[Way], version: str, now: datetime
) -> Notification:
    event, rule = match.event, match.rule
    first, *rest = ways
    return Notification(
        event_id=event.id,
        account=match.account.id,
        scope=rule.scope,
        rule=rule.id,
        action=action.name,
        recipient=person.id,
        address=first.address,
        channel=first.channel,
        text=first.text,
        lane=action.lane,
        max_parts=first.max_parts,
        on_unknown=action.on_unknown,
        otherwise=tuple(rest),
        together=action.together and bool(rest),
        fallback=action.fallback if rest and len(action.channels) > 1 else None,
        title=_title(match.view),
        enclosures=pick(event, action.attach),
        zone=person.zone,
        language=person.language,
        limits=limits_of(match.view, person, rule, action, first.text),
        decided_at=now,
        not_after=_worth_until(event, action),
        rules_version=version,
    )


#: Kind of event -> the field that says in a line what it is about.
_TITLES = {"mail": "subject", "message": "text"}


def _title(view: View) -> str:
    field = _TITLES.get(view.event.kind, "title")
    return clean(next(iter(view.raw(field)), "") or view.shown("from"))[:_TITLE].rstrip()


def _worth_until(event: Subject, action: ReadyAction) -> datetime | None:
    """When it becomes too late to say: of an appointment, when it is over."""
    if action.expires_after is not None or not isinstance(event, OccasionDue):
        return _add(event.happened_at, action.expires_after)
    # some are told of what began already, as at 07:30 of a whole day or of a move
    return max(event.ends_at or event.starts_at, event.due_at + _GRACE)


def _add(moment: datetime, length: timedelta | None) -> datetime | None:
    if length is None:
        return None
    try:
        return moment + length
    except OverflowError:  # a mail server that says the year 9999
        return None

"""What is coming, for `tocsin appointments`: each appointment with its reminders, or why there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.account import Account
from engine.event import OccasionDue
from engine.occasion import Occasion
from engine.reason import Reason
from engine.reminder import Reminder, State
from engine.rules.agenda import next_moment
from engine.rules.evaluate import evaluate
from engine.rules.offset import ALARMS
from engine.rules.ruleset import Ruleset
from engine.rules.texts.render import clean
from engine.rules.zone import find_zone, in_zone
from engine.settings import Settings
from engine.store import feeds, occasions, reminders
from engine.store.database import Connection, Database

_FORM = "%a %d %b %H:%M"
_DAY = "%a %d %b"


@dataclass(frozen=True)
class Appointment:
    """One occasion, its reminders, and why there is none where there is none."""

    occasion: Occasion
    reminders: Sequence[Reminder]
    why_not: Sequence[str]


@dataclass(frozen=True)
class Coming:
    """What is coming for one account."""

    account: Account
    days: int
    now: datetime
    calendars: Sequence[tuple[str, datetime | None]]
    """By name, with when it last read differently; None: it was never read."""
    appointments: Sequence[Appointment] = ()
    agendas: Sequence[tuple[str, datetime]] = field(default=())
    """By name, with when it is told next."""


def look(store: Database, wanted: Settings, name: str, now: datetime, days: int) -> Coming:
    """What the store knows of the next days. Raises StoreError."""
    owner = wanted.account(name)
    assert owner is not None  # the command has seen to it
    account = owner.account
    end = now + timedelta(days=days)

    def read(connection: Connection) -> Coming:
        due: dict[tuple[str, str, datetime], list[Reminder]] = {}
        for each in reminders.of_starts(connection, name, now - timedelta(days=1), end):
            due.setdefault((each.feed, each.uid, each.starts_at), []).append(each)
        found = []
        for occasion in occasions.between(connection, name, now, end):
            its = due.get((occasion.feed, occasion.uid, occasion.starts_at), [])
            found.append(Appointment(occasion, its, () if its else _why_not(occasion, account, wanted.ruleset)))
        read_at = [(feed.name, feeds.changed_at(connection, (name, feed.name))) for feed in owner.calendars]
        zone = find_zone(account.zone)
        agendas = [(each.name, next_moment(each, zone, now)[1]) for each in account.agendas]
        return Coming(account, days, now, read_at, found, agendas)

    return store.read(read)


def _why_not(occasion: Occasion, account: Account, ruleset: Ruleset) -> list[str]:
    """Of each rule about appointments, what keeps it from reminding of this one."""
    if occasion.status == "cancelled":
        return [Reason.APPOINTMENT_CANCELLED.sentence]
    rules = {(rule.scope, rule.id): rule for rule in ruleset.of(account.id) if rule.about == "appointment"}
    why = []
    for answer in evaluate(_event(occasion, account), account, ruleset, occasion.starts_at).answers:
        rule = rules.get((answer.scope, answer.rule))
        if rule is None:
            continue
        failed = next((each for each in answer.evidence if not each.holds), None)
        if answer.reason is not Reason.MATCHED:
            said = f"{failed.condition}: it has {failed.found!r}" if failed else answer.reason.sentence
        elif not rule.actions:
            said = "it tells nobody"
        elif [offset.label for offset in rule.remind] == [ALARMS] and not occasion.alarms:
            said = "it reminds as the calendar asks, and the calendar asks for no reminder (write 'remind:')"
        else:
            said = "it reminds of this, and the engine has not planned it yet"
        why.append(f"{rule.path}: {said}")
    return why or ["no rule is about appointments"]


def _event(occasion: Occasion, account: Account) -> OccasionDue:
    first = Reminder(account.id, occasion.feed, occasion.uid, occasion.starts_at, "", "", occasion.starts_at)
    return first.event(occasion, late=False)


def describe(coming: Coming) -> Iterator[str]:
    """The lines for a person, in the account's zone."""
    zone = find_zone(coming.account.zone)

    def clock(at: datetime, form: str = _FORM) -> str:
        return f"{in_zone(at, zone):{form}}"

    yield f"{coming.account.id} ({coming.account.zone})"
    for name, at in coming.calendars:
        yield f"  calendar {name}: " + (
            f"as it stood {clock(at)}" if at else "not read yet; `tocsin doctor` tries it"
        )
    if not coming.calendars:
        yield "  no calendar: name one under 'calendars:' of the account"
    for name, at in coming.agendas:
        yield f"  agenda {name}: told {clock(at)}"
    if coming.calendars and not coming.appointments:
        yield f"  nothing in the next {coming.days} days"
    for each in coming.appointments:
        occasion = each.occasion
        starts = clock(occasion.starts_at, _DAY if occasion.all_day else _FORM)
        where = f", {clean(occasion.location)}" if occasion.location else ""
        state = "" if occasion.status == "confirmed" else f", {occasion.status}"
        yield f"  {starts}  {clean(occasion.title) or '(no title)'}{where}  ({occasion.feed}{state})"
        for reminder in each.reminders:
            yield f"      {clock(reminder.at)}  {reminder.rule}, {reminder.label}: {_became(reminder)}"
        for why in each.why_not:
            yield f"      no reminder: {why}"


def _became(reminder: Reminder) -> str:
    if reminder.state is State.FIRED and reminder.event_id:
        return f"told, see `tocsin explain {reminder.event_id}`"
    if reminder.reason is not None:
        return f"{reminder.state} - {reminder.reason.sentence}"
    return "to come" if reminder.state is State.PENDING else reminder.state.value


def record(coming: Coming) -> dict[str, Any]:
    """The same for programs."""
    return {
        "calendars": [{"name": name, "read_at": at.isoformat() if at else None} for name, at in coming.calendars],
        "agendas": [{"name": name, "next": at.isoformat()} for name, at in coming.agendas],
        "appointments": [
            {
                **each.occasion.model_dump(
                    mode="json", include={"feed", "uid", "recurrence_id", "starts_at", "ends_at", "all_day"}
                ),
                **each.occasion.model_dump(mode="json", include={"title", "location", "status"}),
                "reminders": [record_reminder(one) for one in each.reminders],
                "why_not": list(each.why_not),
            }
            for each in coming.appointments
        ],
    }


def record_reminder(reminder: Reminder) -> dict[str, Any]:
    """One reminder, for programs."""
    return {
        "at": reminder.at.isoformat(),
        "rule": reminder.rule,
        "label": reminder.label,
        "state": reminder.state.value,
        "reason": reminder.reason.value if reminder.reason else None,
        "turn": reminder.turn,
        "event": str(reminder.event_id) if reminder.event_id else None,
    }

"""Reminders whose moment has come → events: published together, then marked; between the two a crash repeats them."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from engine import topics
from engine.agents.desk import Desk
from engine.event import OccasionDue
from engine.failpoints import failpoint
from engine.reason import Reason
from engine.reminder import CHANGE, Reminder, State
from engine.rules.ruleset import ReadyRule
from engine.store import reminders
from engine.store.reminders import DueReminder

log = logging.getLogger("tocsin.fire")

#: Of what an event carries besides its appointment's own words, so much is left of one that is too long.
_SHORT = {"attendees": (), "categories": (), "organiser": None}


async def fire(desk: Desk) -> int:
    """Tell what is due, at most a batch of it; answers how many that were.

    Raises StoreError and StreamError: what was not marked is due again in a moment, with the same ids.
    """
    now = desk.clock()
    found = await desk.store.awrite(lambda connection: reminders.claim(connection, now), touching=())
    if not found:
        return 0
    rules = {account: _rules(desk, account) for account in {each.reminder.account for each in found}}
    judged = [_judge(each, rules[each.reminder.account], now) for each in found]
    events = [event for _, event in judged if event is not None]
    if events:
        await desk.publish(topics.EVENTS, events)
        failpoint("reminder_published")
    await desk.store.awrite(lambda connection: reminders.mark(connection, [done for done, _ in judged]), touching=())
    log.info("%d reminders were due, %d are told", len(found), len(events))
    return len(found)


def _rules(desk: Desk, account: str) -> dict[str, ReadyRule]:
    if account not in desk.accounts:
        return {}
    return {rule.path: rule for rule in desk.ruleset.of(account)}


def _judge(due: DueReminder, rules: Mapping[str, ReadyRule], now: datetime) -> tuple[Reminder, OccasionDue | None]:
    """What becomes of a reminder, and its event if it is told: held against the appointment and the rules of now."""
    reminder, occasion = due.reminder, due.occasion
    rule = rules.get(reminder.rule)
    out = reminder.due_id if due.again else None
    if occasion is None or rule is None:
        reason = Reason.APPOINTMENT_GONE if occasion is None else Reason.RULE_WITHDRAWN
        return replace(reminder, state=State.WITHDRAWN, reason=reason, event_id=out), None
    late = now - reminder.at > rule.late.after
    over = reminder.at < occasion.ends_at <= now
    if late and (over or rule.late.then == "drop") and reminder.label != CHANGE:
        return replace(reminder, state=State.PASSED, reason=Reason.REMINDER_LATE, event_id=out), None
    event = reminder.event(occasion, late=late and reminder.label != CHANGE)
    return replace(reminder, state=State.FIRED, event_id=event.id), _fit(event)


def _fit(event: OccasionDue) -> OccasionDue:
    """One whose calendar names very many people must not stop the others."""
    if len(event.model_dump_json().encode()) < topics.MOST_RECORD_BYTES // 2:
        return event
    return event.model_copy(update=_SHORT)

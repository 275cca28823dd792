"""Reminders whose moment has come → events: published together, then marked; between the two a crash repeats them.

What is due within seconds is read and judged before its moment, so that in a busy second nothing is left to do but to
publish. A reminder in hand is leased, as one whose event may be out: whoever withdraws it stops its event as well.
"""

import logging
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from engine import topics
from engine.agents.desk import Desk
from engine.event import OccasionDue
from engine.failpoints import failpoint
from engine.invitation import Invitation, is_asked, known_as
from engine.reason import Reason
from engine.reminder import CHANGE, Reminder, State
from engine.rules.ruleset import ReadyRule, Ruleset
from engine.store import invitations, reminders
from engine.store.database import Connection
from engine.store.reminders import DueReminder

log = logging.getLogger("tocsin.fire")

#: What is due so soon is taken in hand.
AHEAD = timedelta(seconds=15)
#: The most in hand, which bounds the memory.
HELD = 10_000

#: Of what an event carries besides its appointment's own words, so much is left of one that is too long.
_SHORT = {"attendees": (), "categories": (), "organiser": None}


@dataclass(frozen=True, slots=True)
class Held:
    """A reminder in hand, and what becomes of it by the rules that it was judged by."""

    due: DueReminder
    ruleset: Ruleset
    grace: timedelta
    """So late it may be without being late."""
    done: Reminder
    event: OccasionDue | None

    def stands(self, desk: Desk, now: datetime) -> bool:
        """Whether it would be judged the same now."""
        return self.event is not None and self.ruleset is desk.ruleset and now - self.due.reminder.at <= self.grace


@dataclass
class Firing:
    """What the timer has in hand of the reminders. Dropping it loses nothing: what is leased is due again."""

    desk: Desk
    held: deque[Held] = field(default_factory=deque)
    """By their moments."""
    done: deque[Reminder] = field(default_factory=deque)
    """Told, or not to be told, and not marked yet."""

    async def fire(self) -> int:
        """Tell what is due and take the next in hand; answers how many reminders that concerned, 0 when all is done.

        Raises StoreError and StreamError: what was not marked is due again in a moment, with the same ids.
        """
        told = 0
        while due := self._due():
            await self._tell(due)
            told += due
        return told + await self._turn_over()

    async def leave(self) -> None:
        """Mark what was told and put back what was not. Raises StoreError: then the leases lapse."""
        done, held = list(self.done), [each.due for each in self.held]
        self.done.clear()
        self.held.clear()

        def leave(connection: Connection) -> None:
            reminders.mark(connection, done)
            reminders.put_back(connection, held)

        if done or held:
            await self.desk.store.awrite(leave, touching=())

    def next_at(self, pending: datetime | None) -> datetime | None:
        """When there is something to do, `pending` being when the next one is due that nobody has in hand."""
        moments = [self.held[0].due.reminder.at] if self.held else []
        if pending is not None and len(self.held) < HELD:
            moments.append(pending - AHEAD)
        return min(moments, default=None)

    def _due(self) -> int:
        """How many in hand are due, at most a batch."""
        now = self.desk.clock()
        first = takewhile(lambda each: each.due.reminder.at <= now, islice(self.held, reminders.MOST))
        return sum(1 for _ in first)

    async def _tell(self, count: int) -> None:
        """Publish the first in hand."""
        now = self.desk.clock()
        found = [self.held.popleft() for _ in range(count)]
        found = [each if each.stands(self.desk, now) else self._judge(each.due, now) for each in found]
        events = [each.event for each in found if each.event is not None]
        if events:
            await self.desk.publish(topics.EVENTS, events)
            failpoint("reminder_published")
        self.done += [each.done for each in found]
        log.info("%d reminders were due, %d are told", len(found), len(events))

    async def _turn_over(self) -> int:
        """Mark what was told and take the next in hand, in one transaction."""
        now = self.desk.clock()
        done = list(islice(self.done, reminders.MOST))
        # What is told and not marked may be free again when the clock has jumped: it is not read a second time.
        room = min(reminders.MOST, HELD - len(self.held)) if len(done) == len(self.done) else 0

        def turn_over(connection: Connection) -> list[DueReminder]:
            reminders.mark(connection, done)
            return reminders.claim(connection, now, now + AHEAD, room) if room else []

        found = await self.desk.store.awrite(turn_over, touching=())
        self.done = deque(islice(self.done, len(done), None))
        if found:
            found = await self._number(found, now)
            judged = [self._judge(each, max(now, each.reminder.at)) for each in found]
            self.held = deque(sorted([*self.held, *judged], key=lambda each: each.due.reminder.at))
        return len(done) + len(found)

    async def _number(self, found: list[DueReminder], now: datetime) -> list[DueReminder]:
        """The same, with the numbers under which invitations among them are answered. Raises StoreError."""
        told = {each.reminder.key: asked for each in found if (asked := _invitation(self.desk, each)) is not None}
        if not told:
            return found
        codes = await self.desk.store.awrite(
            lambda connection: invitations.number(connection, list(told.values()), now),
            touching={each.account for each in told.values()},
        )
        # What is only read is known by a number too, so that an answer to it hears why it cannot be written.
        writable = {(account, feed.name) for account, feed in self.desk.feeds if feed.caldav is not None}
        return [
            replace(each, rsvp=codes.get(asked.id, 0))
            if (asked := told.get(each.reminder.key)) and (asked.account, asked.feed) in writable
            else each
            for each in found
        ]

    def _judge(self, due: DueReminder, now: datetime) -> Held:
        rule = _rule(self.desk, due.reminder)
        done, event = _judge(due, rule, now)
        return Held(due, self.desk.ruleset, rule.late.after if rule else timedelta(0), done, event)


def _rule(desk: Desk, reminder: Reminder) -> ReadyRule | None:
    """The rule that asks for it, as it stands now."""
    if reminder.account not in desk.accounts:
        return None
    return next((rule for rule in desk.ruleset.of(reminder.account) if rule.path == reminder.rule), None)


def _invitation(desk: Desk, due: DueReminder) -> Invitation | None:
    """The invitation that a reminder tells of, where its owner's answer is open."""
    account, occasion = desk.accounts.get(due.reminder.account), due.occasion
    if account is None or occasion is None or account.rsvp == "off" or due.reminder.label == CHANGE:
        return None
    user = next((feed.user for name, feed in desk.feeds if (name, feed.name) == (account.id, occasion.feed)), "")
    return Invitation.of(account.id, occasion) if is_asked(occasion, known_as(account, user)) else None


def _judge(due: DueReminder, rule: ReadyRule | None, now: datetime) -> tuple[Reminder, OccasionDue | None]:
    """What becomes of a reminder, and its event if it is told: held against the appointment and the rules of now."""
    reminder, occasion = due.reminder, due.occasion
    out = reminder.due_id if due.again else None
    if occasion is None or rule is None:
        reason = Reason.APPOINTMENT_GONE if occasion is None else Reason.RULE_WITHDRAWN
        return replace(reminder, state=State.WITHDRAWN, reason=reason, event_id=out), None
    late = now - reminder.at > rule.late.after
    over = reminder.at < occasion.ends_at <= now
    if late and (over or rule.late.then == "drop") and reminder.label != CHANGE:
        return replace(reminder, state=State.PASSED, reason=Reason.REMINDER_LATE, event_id=out), None
    event = reminder.event(occasion, late=late and reminder.label != CHANGE, rsvp=due.rsvp)
    return replace(reminder, state=State.FIRED, event_id=event.id), _fit(event)


def _fit(event: OccasionDue) -> OccasionDue:
    """One whose calendar names very many people must not stop the others."""
    if len(event.model_dump_json().encode()) < topics.MOST_RECORD_BYTES // 2:
        return event
    return event.model_copy(update=_SHORT)

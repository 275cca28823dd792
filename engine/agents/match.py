"""events → rules → notifications, and one decision row per event, also for the mail that matched nothing."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine import topics
from engine.account import Account
from engine.agents.desk import Desk
from engine.decision import Decision
from engine.event import Event, MessageReceived
from engine.failpoints import failpoint
from engine.reason import Reason
from engine.rules.evaluate import evaluate
from engine.rules.rsvp import answered, notify
from engine.rules.wish import Wish, read_wish
from engine.store import consents, decisions, invitations
from engine.store.database import Connection

log = logging.getLogger("tocsin.match")


async def match(desk: Desk, events: Sequence[Event]) -> None:
    """Decide, make the decisions durable, publish what they say. Running it again publishes the same."""
    failpoint("event_taken")
    now = desk.clock()
    answers = {event.id: (event, _decide(desk, event, now)) for event in events}
    wishes = [wish for event, _ in answers.values() if (wish := _wish_of(desk, event))]

    replies = [reply for event, _ in answers.values() if (reply := _reply_of(desk, event))]

    def record(connection: Connection) -> list[Decision]:
        # Before the decisions are rows: what a text asks for is done once, in the transaction that decides on it.
        consents.heed(connection, wishes, now)
        taken = invitations.heed(connection, replies, now)
        made = [
            (event, _with_reply(desk, event, decision, taken[event.id], now) if event.id in taken else decision)
            for event, decision in answers.values()
        ]
        return decisions.record(connection, made, now)

    standing = await desk.store.awrite(record, touching=None if wishes or replies else ())
    failpoint("decision_committed")
    desk.metrics.count_decisions(decision.reason for decision in standing)
    for decision in standing:
        level = logging.INFO if decision.notifications else logging.DEBUG
        log.log(level, "event %s of %s: %s", decision.event_id, decision.account, decision.reason)
    if replies:
        desk.bells.due.set()
    notifications = [each for decision in standing for each in decision.notifications]
    if notifications:
        await desk.publish(topics.NOTIFICATIONS, notifications)
        failpoint("notification_published")


def _decide(desk: Desk, event: Event, now: datetime) -> Decision:
    account: Account | None = desk.accounts.get(event.account)
    if account is None:
        return Decision(
            event_id=event.id,
            account=event.account,
            decided_at=now,
            rules_version=desk.ruleset.version,
            reason=Reason.UNKNOWN_ACCOUNT if event.account else Reason.NOBODYS,
        )
    return evaluate(event, account, desk.ruleset, now)


def _wish_of(desk: Desk, event: Event) -> consents.Said | None:
    """What a text from a phone says of being told: to whom it is, or to all when it is nobody's."""
    if not isinstance(event, MessageReceived):
        return None
    wish = read_wish(event.text, desk.accounts.get(event.account))
    if wish not in (Wish.STOP, Wish.START):
        return None
    account = "" if event.found_by == "nobody" else event.account
    return consents.Said(event.id, event.sender, account, stop=wish is Wish.STOP)


def _reply_of(desk: Desk, event: Event) -> invitations.Said | None:
    """What a text from the owner's phone answers to an invitation."""
    typed = answered(event, desk.accounts.get(event.account))
    return None if typed is None else invitations.Said(event.id, event.account, typed, event.happened_at)


def _with_reply(desk: Desk, event: Event, decision: Decision, taken: invitations.Taken, now: datetime) -> Decision:
    """The decision with what became of the answer, told to whoever gave it where that is a no."""
    account, (reason, about) = desk.accounts[event.account], taken
    told = None
    if isinstance(event, MessageReceived):
        told = notify(event.id, event.sender, reason, about, account, decision.rules_version, now)
    notifications = (*decision.notifications, told) if told else decision.notifications
    return replace(decision, reason=reason, notifications=notifications)

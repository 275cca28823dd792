"""events → rules → notifications, and one decision row per event, also for the mail that matched nothing."""

import logging
from collections.abc import Sequence
from datetime import datetime

from engine import topics
from engine.account import Account
from engine.agents.desk import Desk
from engine.decision import Decision
from engine.event import Event
from engine.failpoints import failpoint
from engine.reason import Reason
from engine.rules.evaluate import evaluate
from engine.store import decisions

log = logging.getLogger("tocsin.match")


async def match(desk: Desk, events: Sequence[Event]) -> None:
    """Decide, make the decisions durable, publish what they say. Running it again publishes the same."""
    failpoint("event_taken")
    now = desk.clock()
    answers = {event.id: (event, _decide(desk, event, now)) for event in events}
    standing = await desk.store.awrite(
        lambda connection: decisions.record(connection, list(answers.values()), now), touching=()
    )
    failpoint("decision_committed")
    desk.metrics.count_decisions(decision.reason for decision in standing)
    for decision in standing:
        level = logging.INFO if decision.notifications else logging.DEBUG
        log.log(level, "event %s of %s: %s", decision.event_id, decision.account, decision.reason)
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
            reason=Reason.UNKNOWN_ACCOUNT,
        )
    return evaluate(event, account, desk.ruleset, now)

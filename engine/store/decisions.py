"""One row per event: what the rules said, and enough of the event to explain it later."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter

from engine.decision import Decision, RuleAnswer
from engine.event import Event, MailArrived
from engine.failpoints import failpoint
from engine.notification import Notification
from engine.reason import Reason
from engine.store.database import insert_new
from engine.store.tables import decision

#: How long the event's text is kept for explaining.
KEEP = timedelta(days=7)
#: Of a mail's text and headers, so much is kept: enough to explain with, not a second mailbox.
MOST_TEXT = 2_000
MOST_HEADERS = 20

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_BODY = TypeAdapter(tuple[tuple[RuleAnswer, ...], tuple[Notification, ...]])


def record(connection: sa.Connection, answers: Sequence[tuple[Event, Decision]], now: datetime) -> list[Decision]:
    """Write the decisions; the ones that stand come back.

    The first decision on an event stands: after a crash between this and the publishing of its notifications the
    redelivered event finds it here, so what is published is what `explain` shows, whatever the rules say by then.
    """
    delete_after = now + KEEP
    rows = [
        {
            "event_id": answer.event_id,
            "account_id": answer.account,
            "decided_at": answer.decided_at,
            "rules_version": answer.rules_version,
            "reason": answer.reason.value,
            "event": _bounded(event).model_dump_json(),
            "body": _BODY.dump_json((answer.answers, answer.notifications)).decode(),
            "delete_after": delete_after,
        }
        for event, answer in answers
    ]
    written = insert_new(connection, decision, rows)
    failpoint("decision_open")
    if written == len(rows):
        return [answer for _, answer in answers]
    ids = [answer.event_id for _, answer in answers]
    kept = connection.execute(sa.select(decision).where(decision.c.event_id.in_(ids)))
    standing = {row.event_id: _decision(row) for row in kept}
    return [standing[answer.event_id] for _, answer in answers]


def _bounded(event: Event) -> Event:
    if isinstance(event, MailArrived) and (len(event.text) > MOST_TEXT or len(event.headers) > MOST_HEADERS):
        update = {"text": event.text[:MOST_TEXT], "headers": event.headers[:MOST_HEADERS], "truncated": True}
        return event.model_copy(update=update)
    return event


def find(connection: sa.Connection, event_id: UUID) -> tuple[Event, Decision] | None:
    """The event and what was decided, or None."""
    row = connection.execute(sa.select(decision).where(decision.c.event_id == event_id)).first()
    if row is None:
        return None
    return _EVENT.validate_json(row.event), _decision(row)


def latest(connection: sa.Connection, most: int = 20) -> list[tuple[Event, Decision]]:
    """The newest decisions, newest first."""
    rows = connection.execute(sa.select(decision).order_by(decision.c.delete_after.desc()).limit(most))
    return [(_EVENT.validate_json(row.event), _decision(row)) for row in rows]


def walk(connection: sa.Connection) -> Iterator[tuple[Event, Decision]]:
    """Every decision that is still kept, in the order in which they were made; a few at a time."""
    streamed = connection.execution_options(yield_per=200)
    for row in streamed.execute(sa.select(decision).order_by(decision.c.decided_at, decision.c.event_id)):
        yield _EVENT.validate_json(row.event), _decision(row)


def _decision(row: sa.Row[Any]) -> Decision:
    answers, notifications = _BODY.validate_json(row.body)
    return Decision(
        event_id=row.event_id,
        account=row.account_id,
        decided_at=row.decided_at,
        rules_version=row.rules_version,
        reason=Reason(row.reason),
        answers=answers,
        notifications=notifications,
    )

"""One row per event: what the rules said, and enough of the event to explain it later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter

from engine.decision import Decision
from engine.event import Event, MailArrived
from engine.failpoints import failpoint
from engine.store.tables import decision

#: How long the event's text is kept for explaining.
KEEP = timedelta(days=7)
#: Of a mail's text and headers, so much is kept: enough to explain with, not a second mailbox.
MOST_TEXT = 2_000
MOST_HEADERS = 20

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def record(connection: sa.Connection, answers: Sequence[tuple[Event, Decision]], now: datetime) -> list[Decision]:
    """Write the decisions; the ones that stand come back.

    The first decision on an event stands: after a crash between this and the publishing of its notifications the
    redelivered event finds it here, so what is published is what `explain` shows, whatever the rules say by then.
    """
    ids = [answer.event_id for _, answer in answers]
    standing = {
        row.event_id: Decision.model_validate_json(row.body)
        for row in connection.execute(
            sa.select(decision.c.event_id, decision.c.body).where(decision.c.event_id.in_(ids))
        )
    }
    delete_after = now + KEEP
    rows = [
        {
            "event_id": answer.event_id,
            "account_id": answer.account,
            "decided_at": answer.decided_at,
            "rules_version": answer.rules_version,
            "reason": answer.reason.value,
            "event": _bounded(event).model_dump_json(),
            "body": answer.model_dump_json(),
            "delete_after": delete_after,
        }
        for event, answer in answers
        if answer.event_id not in standing
    ]
    if rows:
        connection.execute(sa.insert(decision), rows)
    failpoint("decision_open")
    return [standing.get(answer.event_id, answer) for _, answer in answers]


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
    return _EVENT.validate_json(row.event), Decision.model_validate_json(row.body)


def latest(connection: sa.Connection, most: int = 20) -> list[tuple[Event, Decision]]:
    """The newest decisions, newest first."""
    rows = connection.execute(sa.select(decision).order_by(decision.c.decided_at.desc()).limit(most))
    return [(_EVENT.validate_json(row.event), Decision.model_validate_json(row.body)) for row in rows]

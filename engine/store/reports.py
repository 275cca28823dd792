"""Delivery reports: what the provider says after it answered, or before, or twice."""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa

from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate, may_follow
from engine.store.database import put
from engine.store.messages import Row, change, end, lock, note
from engine.store.tables import attempt, parked_report

#: A report on an attempt older than this is a replay: no network tries for so long.
LATEST = timedelta(days=14)


def report(connection: sa.Connection, said: DeliveryReport, now: datetime) -> None:
    """Apply a delivery report. It proves that the provider took the message, so it settles an open attempt too.

    A report for nothing we know is parked: the provider may have been quicker than its own answer. One that comes
    again, or after LATEST, changes nothing.
    """
    if not (said.client_ref or said.provider_ref):
        return
    message_id = _message_of(connection, said)
    if message_id is None:
        # The answer that names the provider's reference may be on its way in another worker: whoever comes
        # second must see what the first one left.
        one_at_a_time(connection, said.provider, said.provider_ref)
        message_id = _message_of(connection, said)
    if message_id is None:
        _park(connection, said, now)
        return
    row = lock(connection, message_id)
    before = Fate(row.fate)
    if _handed_over(connection, message_id) < now - LATEST:
        return
    if before in (Fate.QUEUED, Fate.SENDING, Fate.UNCERTAIN):
        if said.fate is Fate.FAILED:
            end(connection, row, Fate.FAILED, said.reason, now, said.detail)
            return
        end(connection, row, Fate.SENT, Reason.ACCEPTED, now)
        before = Fate.SENT
    if may_follow(before, said.fate):
        change(connection, row.id, fate=said.fate.value)
        note(connection, row, said.fate, said.reason, now, said.detail)


def _message_of(connection: sa.Connection, said: DeliveryReport) -> UUID | None:
    where = (
        attempt.c.client_ref == said.client_ref if said.client_ref else attempt.c.provider_ref == said.provider_ref
    )
    found = connection.execute(
        sa.select(attempt.c.message_id).where(where, attempt.c.provider == said.provider)
    ).scalars()
    return next(iter(found), None)


def _handed_over(connection: sa.Connection, message_id: UUID) -> datetime:
    """When it was last."""
    last = sa.func.max(attempt.c.started_at, type_=attempt.c.started_at.type)
    found: datetime = connection.execute(sa.select(last).where(attempt.c.message_id == message_id)).scalar_one()
    return found


def one_at_a_time(connection: sa.Connection, provider: str, provider_ref: str) -> None:
    """Until the transaction ends, no other worker handles an answer or a report under this reference."""
    if provider_ref and connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(f"{provider}\0{provider_ref}".encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _park(connection: sa.Connection, said: DeliveryReport, now: datetime) -> None:
    ref = said.provider_ref or said.client_ref
    row = {"provider": said.provider, "ref": ref, "body": said.model_dump_json(), "at": now}
    connection.execute(put(connection, parked_report, "body", "at"), [row])


def apply_parked(connection: sa.Connection, row: Row, provider_ref: str, now: datetime) -> None:
    """Apply the report that came under the provider's reference before we knew that reference."""
    where = (parked_report.c.provider == row.provider) & (parked_report.c.ref == provider_ref)
    body = connection.execute(sa.select(parked_report.c.body).where(where)).scalar_one_or_none()
    if body is not None:
        connection.execute(sa.delete(parked_report).where(where))
        report(connection, DeliveryReport.model_validate_json(body), now)

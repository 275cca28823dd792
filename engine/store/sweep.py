"""Personal data whose time is over is deleted; money and fates stay."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from engine.store import due, invitations, journeys, media, parts, reminders, verifying, withdrawing
from engine.store.due import DueKind
from engine.store.messages import WINDOW
from engine.store.tables import decision, digest, digest_item, held, limit_state, message_content, parked_report, told

#: How often to look.
EVERY = timedelta(hours=1)
_KEY = "personal data"
#: Days that are over in every zone.
_DAYS = timedelta(days=3)


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Delete what is past its time and come back in an hour."""
    connection.execute(sa.delete(decision).where(decision.c.delete_after < now))
    connection.execute(sa.delete(message_content).where(message_content.c.delete_after < now))
    # A report that nothing asked for within the window will never find its message.
    connection.execute(sa.delete(parked_report).where(parked_report.c.at < now - WINDOW))
    connection.execute(sa.delete(told).where(told.c.delete_after < now))
    connection.execute(sa.delete(limit_state).where(limit_state.c.window < (now - _DAYS).date().isoformat()))
    # These are gone when they are told. Whoever did not run for so long finds that nothing was left lying.
    connection.execute(sa.delete(held).where(held.c.delete_after < now))
    old = sa.select(digest.c.id).where(digest.c.delete_after < now)
    connection.execute(sa.delete(digest_item).where(digest_item.c.digest_id.in_(old)))
    connection.execute(sa.delete(digest).where(digest.c.delete_after < now))
    media.sweep(connection, now)
    journeys.sweep(connection, now)
    reminders.sweep(connection, now)
    withdrawing.sweep(connection, now)
    verifying.sweep(connection, now)
    invitations.sweep(connection, now)
    parts.sweep(connection, now)
    due.schedule(connection, DueKind.SWEEP, _KEY, now + EVERY)

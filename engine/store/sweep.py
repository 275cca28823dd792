"""Personal data whose time is over is deleted; money and fates stay."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from engine.store import due
from engine.store.attempts import WINDOW
from engine.store.due import DueKind
from engine.store.tables import decision, message_content, parked_report

#: How often to look.
EVERY = timedelta(hours=1)
_KEY = "personal data"


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Delete what is past its time and come back in an hour."""
    connection.execute(sa.delete(decision).where(decision.c.delete_after < now))
    connection.execute(sa.delete(message_content).where(message_content.c.delete_after < now))
    # A report that nothing asked for within the window will never find its message.
    connection.execute(sa.delete(parked_report).where(parked_report.c.at < now - WINDOW))
    due.schedule(connection, DueKind.SWEEP, _KEY, now + EVERY)

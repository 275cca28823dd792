"""Who wrote to a number: a text from there is an answer to them."""

from datetime import datetime

import sqlalchemy as sa

from engine.store.tables import attempt, message, message_content


def who_wrote(connection: sa.Connection, provider: str, number: str, since: datetime) -> str:
    """The account that last sent to this number through this provider; empty when none did since then."""
    last = (
        sa.select(message.c.account_id)
        .join(message_content, message_content.c.message_id == message.c.id)
        .join(attempt, attempt.c.message_id == message.c.id)
        .where(message_content.c.address == number, attempt.c.provider == provider, attempt.c.started_at >= since)
        .order_by(attempt.c.started_at.desc())
        .limit(1)
    )
    return connection.execute(last).scalar_one_or_none() or ""

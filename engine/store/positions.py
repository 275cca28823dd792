"""How far each source has been read."""

from datetime import datetime

import sqlalchemy as sa

from engine.position import Position
from engine.store.database import put
from engine.store.tables import position


def load(connection: sa.Connection, source: str) -> Position | None:
    """The position of a source, or None when it was never read."""
    body = connection.execute(sa.select(position.c.body).where(position.c.source == source)).scalar_one_or_none()
    return None if body is None else Position.model_validate_json(body)


def save(connection: sa.Connection, source: str, moved: Position, now: datetime) -> None:
    """Move the position of a source."""
    row = {"source": source, "body": moved.model_dump_json(), "moved_at": now}
    connection.execute(put(connection, position, "body", "moved_at"), [row])

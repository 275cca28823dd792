"""Records that could not be handled, with their bytes."""

import sqlalchemy as sa

from engine.dead_letter import DeadLetter
from engine.store.tables import dead_letter


def bury(connection: sa.Connection, letter: DeadLetter) -> None:
    """Keep a record. The place on the stream is its identity, so a redelivery does not bury it twice."""
    place = (
        (dead_letter.c.topic == letter.topic)
        & (dead_letter.c.partition == letter.partition)
        & (dead_letter.c.offset == letter.offset)
    )
    if connection.execute(sa.select(dead_letter.c.topic).where(place)).first() is None:
        connection.execute(sa.insert(dead_letter).values(**{**letter.model_dump(), "reason": letter.reason.value}))


def all_letters(connection: sa.Connection) -> list[DeadLetter]:
    """Everything that lies there, oldest first."""
    rows = connection.execute(sa.select(dead_letter).order_by(dead_letter.c.at))
    return [DeadLetter.model_validate(dict(row._mapping)) for row in rows]

"""Records that could not be handled, with their bytes."""

import sqlalchemy as sa

from engine.dead_letter import DeadLetter, read_place
from engine.store.database import insert_new
from engine.store.tables import dead_letter


def bury(connection: sa.Connection, letter: DeadLetter) -> None:
    """Keep a record. The place on the stream is its identity, so a redelivery does not bury it twice."""
    row = {**letter.model_dump(), "reason": letter.reason.value}
    insert_new(connection, dead_letter, [row])


def all_letters(connection: sa.Connection) -> list[DeadLetter]:
    """Everything that lies there, oldest first."""
    rows = connection.execute(sa.select(dead_letter).order_by(dead_letter.c.at))
    return [DeadLetter.model_validate(dict(row._mapping)) for row in rows]


def find(connection: sa.Connection, place: str) -> DeadLetter | None:
    """The letter that was buried at this place of the stream (`DeadLetter.place`), or None."""
    row = connection.execute(sa.select(dead_letter).where(_at(place))).first()
    return None if row is None else DeadLetter.model_validate(dict(row._mapping))


def remove(connection: sa.Connection, place: str) -> None:
    """It lies here no longer: it is on the stream again."""
    connection.execute(sa.delete(dead_letter).where(_at(place)))


def _at(place: str) -> sa.ColumnElement[bool]:
    topic, partition, offset = read_place(place)
    return (dead_letter.c.topic == topic) & (dead_letter.c.partition == partition) & (dead_letter.c.offset == offset)

"""Parts of long texts from phones: durable before they are acknowledged, kept until the whole is handed over.

They stay a day, so that one that is brought again is known.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.coding import Coding
from engine.part import LIFE, LongText, Part, Piece
from engine.store import due
from engine.store.database import put
from engine.store.due import DueKind
from engine.store.tables import text_part

_CHANGES = ("provider_ref", "body", "coding", "at", "told_at")


def keep(connection: sa.Connection, parts: Sequence[Part]) -> tuple[list[LongText], list[Part]]:
    """Keep parts; answers the texts that they belong to, as far as these are here, and the parts that could not be
    kept yet: the text before them has to be handed over first."""
    _one_at_a_time(connection, {part.text_id for part in parts})
    texts: dict[UUID, LongText] = {}
    left: list[Part] = []
    for part in parts:
        id = part.text_id
        text = texts.get(id) or find(connection, id)
        piece = None if any(each.text_id == id for each in left) else text.place(part)
        if piece is None:
            left.append(part)
        else:
            text = text.put(piece)
            connection.execute(put(connection, text_part, *_CHANGES), [_row(id, piece)])
        texts[id] = text
    waiting = [(str(text.id), text.due_at) for text in texts.values() if text.due_at is not None]
    due.schedule_all(connection, DueKind.PART, waiting)
    return list(texts.values()), left


def find(connection: sa.Connection, id: UUID) -> LongText:
    """A text, as far as it is here."""
    rows = connection.execute(sa.select(text_part).where(text_part.c.text_id == id)).all()
    return LongText(id=id, pieces={row.number: _piece(row) for row in rows})


def tell(connection: sa.Connection, texts: Collection[LongText], now: datetime) -> None:
    """These texts were handed over as they are here; what came meanwhile was not."""
    _one_at_a_time(connection, {text.id for text in texts})
    for text in texts:
        mine = text_part.c.text_id == text.id
        for part in (piece.part for piece in text.pieces.values() if piece.counts):
            # Another worker may have put a part of the next text in its place.
            same = (text_part.c.number == part.number, text_part.c.at == part.at, text_part.c.body == part.body)
            # Never before it came, whatever the clocks of two workers say.
            connection.execute(sa.update(text_part).where(mine, *same).values(told_at=max(now, part.at)))
        new = sa.select(text_part.c.number).where(mine, text_part.c.told_at.is_(None)).limit(1)
        if connection.execute(new).first() is None:
            due.cancel(connection, DueKind.PART, str(text.id))


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Delete what was handed over and is brought again no more."""
    over = (text_part.c.told_at.is_not(None), text_part.c.at < now - LIFE)
    connection.execute(sa.delete(text_part).where(*over))


def _one_at_a_time(connection: sa.Connection, ids: Iterable[UUID]) -> None:
    """Until the transaction ends, no other worker touches these texts: of two that each get a part, one has to see
    both."""
    if connection.dialect.name == "postgresql":
        for number in sorted({id.int >> 65 for id in ids}):
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _piece(row: sa.Row[Any]) -> Piece:
    part = Part(
        provider=row.provider,
        provider_ref=row.provider_ref,
        sender=row.sender,
        recipient=row.recipient,
        reference=row.reference,
        total=row.total,
        number=row.number,
        body=row.body,
        coding=Coding(row.coding),
        at=row.at,
    )
    return Piece(part, row.told_at)


def _row(id: UUID, piece: Piece) -> dict[str, Any]:
    part, told_at = piece
    return {"text_id": id, **part.model_dump(), "coding": part.coding.value, "told_at": told_at}

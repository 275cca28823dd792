"""Files that go with messages: kept once, named by what they are derived from, deleted after their time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.medium import Medium
from engine.store.database import insert_new
from engine.store.media_tables import medium


@dataclass(frozen=True)
class Kept:
    """A file that is here. `pages`: of a fax; None when nobody has counted them."""

    medium: Medium
    pages: int | None
    delete_after: datetime


def find(connection: sa.Connection, ids: Collection[UUID]) -> dict[UUID, Kept]:
    """Those of these files that are here, with their bytes."""
    rows = connection.execute(sa.select(medium).where(medium.c.id.in_(ids))).all() if ids else []
    return {row.id: _kept(row) for row in rows}


def keep(connection: sa.Connection, account: str, files: Sequence[Kept]) -> None:
    """Keep these files; one that is here already stays as it is."""
    rows: list[Mapping[str, Any]] = [
        {
            "id": each.medium.id,
            "account_id": account,
            "name": each.medium.name,
            "media_type": each.medium.media_type,
            "body": each.medium.body,
            "pages": each.pages,
            "delete_after": each.delete_after,
        }
        for each in files
    ]
    if rows:
        insert_new(connection, medium, rows)


def count_pages(connection: sa.Connection, pages: Mapping[UUID, int]) -> None:
    """So many pages of a fax each of these files takes."""
    for id in sorted(pages):
        connection.execute(sa.update(medium).where(medium.c.id == id).values(pages=pages[id]))


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Delete the files whose time is over."""
    connection.execute(sa.delete(medium).where(medium.c.delete_after < now))


def _kept(row: sa.Row[Any]) -> Kept:
    file = Medium(id=row.id, name=row.name, media_type=row.media_type, body=row.body)
    return Kept(file, row.pages, row.delete_after)

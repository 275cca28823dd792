"""What an embedded stream still holds that nobody has finished: read from the file, while its engine is stopped."""

import sqlite3
from collections.abc import Collection
from pathlib import Path

from engine.errors import StreamError
from engine.transport.record import MASK, SHIFT


def unread(file: Path, reader: str, topics: Collection[str]) -> dict[str, int]:
    """By topic, the records that `reader` has not committed. Hold the stream's lock; a file that is not there holds
    none. Raises StreamError when it cannot be read."""
    if not file.exists():
        return {}
    found: dict[str, int] = {}
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            committed = dict(connection.execute("SELECT partition, next FROM committed WHERE reader = ?", (reader,)))
            for id, topic in connection.execute("SELECT id, topic FROM partition").fetchall():
                if topic in topics:
                    first, last = id << SHIFT | committed.get(id, 0), id << SHIFT | MASK
                    query = "SELECT count(*) FROM record WHERE id BETWEEN ? AND ?"
                    found[topic] = found.get(topic, 0) + connection.execute(query, (first, last)).fetchone()[0]
        connection.close()
    except sqlite3.Error as error:
        raise StreamError(f"the stream cannot be read: {error}", place=str(file)) from error
    return {topic: count for topic, count in found.items() if count}

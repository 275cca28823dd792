"""A record, before and after it stands in its partition, and what memory keeps of the newest ones."""

import json
from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]

#: A record's rowid is partition << SHIFT | offset: one index serves order, search and deletion.
SHIFT = 40
MASK = (1 << SHIFT) - 1
#: The newest records of a partition stay in memory, so that a reader who keeps up never touches the file.
TAIL_RECORDS = 1024
TAIL_BYTES = 1024 * 1024


class Entry(NamedTuple):
    """A record to append; `timestamp` in milliseconds since 1970."""

    topic: str
    partition: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Record(NamedTuple):
    """A record as it stands in its partition."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Partition:
    """What is kept in memory of one partition."""

    def __init__(self, id: int, end: int) -> None:
        self.base = id << SHIFT
        self.end = end
        """The offset the next record gets."""
        self._tail: deque[Record] = deque()
        self._bytes = 0

    def remember(self, record: Record) -> None:
        """Keep `record`, the newest, and let go of the oldest that no longer fit."""
        tail = self._tail
        tail.append(record)
        self._bytes += weigh(record)
        while len(tail) > TAIL_RECORDS or (self._bytes > TAIL_BYTES and len(tail) > 1):
            self._bytes -= weigh(tail.popleft())

    def recall(self, offset: int, most: int, most_bytes: int) -> list[Record] | None:
        """Up to `most` records from `offset`, or None when memory does not reach back that far."""
        tail = self._tail
        if not tail or tail[0].offset > offset:
            return None
        start = offset - tail[0].offset
        return take(islice(tail, start, start + most), most_bytes)


def weigh(record: Record) -> int:
    """The bytes of a record that count: its key and its value."""
    return len(record.key or b"") + len(record.value or b"")


def take(records: Iterable[Record], most_bytes: int) -> list[Record]:
    """The first of `records` that fit into `most_bytes` together, and one at least."""
    taken: list[Record] = []
    size = 0
    for record in records:
        size += weigh(record)
        if taken and size > most_bytes:
            break
        taken.append(record)
    return taken


@lru_cache(maxsize=256)
def pack(headers: Headers) -> str:
    """Headers as text."""
    return json.dumps([(name, value.decode("latin-1")) for name, value in headers])


@lru_cache(maxsize=256)
def unpack(headers: str | None) -> Headers:
    """Headers back from `pack`."""
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(headers)) if headers else ()

"""The streams between the hops, as data. Twelve partitions for life: a key must never change its partition."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from engine.dead_letter import DeadLetter
from engine.event import Event
from engine.notification import Notification
from engine.receipt import DeliveryReport, Receipt

PARTITIONS = 12
RETENTION = timedelta(days=7)
#: Goes with every record, so that a reader can tell which shape it was written in.
VERSION_HEADER = "tocsin-version"
#: Who reads them, as the stream knows it: all workers together.
GROUP = "tocsin"
VERSION = b"1"
MOST_RECORD_BYTES = 512 * 1024


@dataclass(frozen=True)
class Topic:
    """One stream: its name, the noun it carries, and what keys it (records of a key keep their order)."""

    name: str
    adapter: TypeAdapter[Any]
    key: str
    partitions: int = PARTITIONS
    retention: timedelta = RETENTION

    def encode(self, noun: Any) -> tuple[bytes, bytes]:
        """(key, value) of the record that carries `noun`."""
        return str(getattr(noun, self.key)).encode(), self.adapter.dump_json(noun)

    def decode(self, value: bytes) -> Any:
        """The noun in a record. Raises ValueError when the bytes are not one."""
        return self.adapter.validate_json(value)


class Again(Topic):
    """A stream that takes dead letters back: each record as it stood, byte for byte, so its ids stay the same."""

    def encode(self, noun: DeadLetter) -> tuple[bytes, bytes]:
        """(key, value) as they were."""
        return noun.key, noun.value


EVENTS = Topic("tocsin-events", TypeAdapter(Event), key="account")
NOTIFICATIONS = Topic("tocsin-notifications", TypeAdapter(Notification), key="account")
RECEIPTS = Topic("tocsin-receipts", TypeAdapter(DeliveryReport), key="provider")
FATES = Topic("tocsin-fates", TypeAdapter(Receipt), key="account")

TOPICS = (EVENTS, NOTIFICATIONS, RECEIPTS, FATES)


def again(name: str) -> Again | None:
    """The topic of this name, to publish dead letters to; None when no hop of this version knows it."""
    known = next((topic for topic in TOPICS if topic.name == name), None)
    return None if known is None else Again(known.name, known.adapter, known.key, known.partitions, known.retention)

"""A record that could not be handled, kept whole for a person to look at. Nothing is ever dropped."""

from pydantic import AwareDatetime

from engine.noun import Noun
from engine.reason import Reason


class DeadLetter(Noun):
    """The record's bytes as they stood on the stream, where they stood, and what went wrong."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    reason: Reason
    """UNDECODABLE or POISON."""
    error: str
    at: AwareDatetime

    @property
    def place(self) -> str:
        """Where it stood, as logs and commands name it: ``tocsin-events/3@17``."""
        return f"{self.topic}/{self.partition}@{self.offset}"


def read_place(written: str) -> tuple[str, int, int]:
    """(topic, partition, offset) of a `DeadLetter.place`. Raises ValueError for anything else."""
    topic, slash, rest = written.rpartition("/")
    partition, at, offset = rest.partition("@")
    if not (slash and at and topic and partition.isdecimal() and offset.isdecimal()):
        raise ValueError("a dead letter is named like tocsin-events/3@17")
    return topic, int(partition), int(offset)

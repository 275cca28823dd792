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

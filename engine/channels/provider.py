"""What every provider is and answers: one vocabulary, whatever the vendor says."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from engine.message import Message
from engine.notification import Channel
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport


class ProviderClass(StrEnum):
    """What can be done about a call that got no answer. Declared by the provider, proven by its contract test."""

    IDEMPOTENT = "idempotent"
    """The same reference sent again is taken once: send it again, within `key_life`."""
    QUERYABLE = "queryable"
    """It can be asked by our reference whether it took the message: ask."""
    OPAQUE = "opaque"
    """Neither: hold, or send again if the rule's owner chose that."""


class Outcome(StrEnum):
    """What a provider's answer means for us."""

    ACCEPTED = "accepted"
    """It took the message: settle."""
    REFUSED = "refused"
    """It will never take this message: release."""
    NOT_TAKEN = "not_taken"
    """It certainly did not take the message; try again later (connection refused, 429, asked and not found)."""
    UNKNOWN = "unknown"
    """It may have taken the message: resolve by class, never simply send again."""


class Answer(Noun):
    """A provider's answer. `detail` holds its own words, without secrets and without the number."""

    outcome: Outcome
    reason: Reason
    provider_ref: str = ""
    detail: str = ""
    retry_after: timedelta | None = None


class Provider(Protocol):
    """A way to reach people. Adding one is one file in `providers/` and one line in `registry.py`.

    `send` and `ask` never raise for what the outside world does: every failure is an Answer.
    """

    name: str
    """Its name in `config/engine.yaml`."""
    channels: frozenset[Channel]
    provider_class: ProviderClass
    key_life: timedelta
    """IDEMPOTENT: how long a reference is remembered; past it the provider counts as OPAQUE."""
    timeout: timedelta
    """The longest that `send` or `ask` can take; an attempt's lease is longer."""

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message` under our reference."""
        ...

    async def ask(self, client_ref: str) -> Answer:
        """QUERYABLE: was the message under this reference taken? ACCEPTED, NOT_TAKEN, or UNKNOWN (no answer)."""
        ...

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The reports in a callback's request. Raises ValueError when it is garbage, PermissionError when forged."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...

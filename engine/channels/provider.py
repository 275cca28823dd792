"""What every provider is and does, whatever the vendor."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from pydantic import Field

from engine.answer import Answer as Answer
from engine.answer import Outcome as Outcome
from engine.answer import ProviderClass as ProviderClass
from engine.message import Message
from engine.notification import Channel
from engine.noun import Written
from engine.receipt import DeliveryReport


class Paced(Written):
    """What the settings of every provider have."""

    rate: float | None = Field(default=None, gt=0, le=10_000)
    """At most so many messages a second, over all workers; without it, as fast as the provider answers."""


class Provider(Protocol):
    """A way to reach people. Adding one is one file in `providers/` and one line in `registry.py`.

    `send` and `ask` never raise for what the outside world does: every failure is an Answer.
    """

    name: str
    """Its name in `config/engine.yaml`."""
    channels: frozenset[Channel]
    provider_class: ProviderClass
    key_life: timedelta
    """IDEMPOTENT, QUERYABLE: how long a reference is remembered; past it the provider counts as OPAQUE. A
    QUERYABLE one that says zero never forgets."""
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


Publish = Callable[[Sequence[DeliveryReport]], Awaitable[None]]
"""Returns once the reports are durable on the stream; raises when they are not."""


@runtime_checkable
class Listening(Protocol):
    """A provider that reports over a connection of its own, not by requests to our web server."""

    async def listen(self, publish: Publish) -> None:
        """Begin to receive; returns at once. The provider is told that we have a report only once it is published."""
        ...


@runtime_checkable
class Polled(Protocol):
    """A provider that can be asked what became of a message that it took."""

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What it says, or nothing when it does not say. Never raises for what the outside world does."""
        ...


@runtime_checkable
class Thanking(Protocol):
    """A provider that wants a certain answer to its callbacks, or sends them again."""

    def thank(self, body: bytes) -> str:
        """The answer to a callback that was read and kept."""
        ...

"""What every provider is and does, whatever the vendor."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Protocol, runtime_checkable

from pydantic import Field

from engine.answer import Answer as Answer
from engine.answer import Outcome as Outcome
from engine.answer import ProviderClass as ProviderClass
from engine.channels.endpoint import Endpoint
from engine.channels.features import Features
from engine.heard import Heard
from engine.message import Message
from engine.notification import Channel
from engine.noun import Written
from engine.part import Part
from engine.receipt import DeliveryReport

#: What stands in a header, a form or an address: no line breaks, no control characters.
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class Paced(Written):
    """What the settings of every provider have."""

    rate: float | None = Field(default=None, gt=0, le=10_000)
    """At most so many messages a second, over all workers; without it, as fast as the provider answers."""
    window: int = Field(default=16, ge=1, le=1000)
    """Calls in the air at once, for each worker. While a provider gives no answer, so many messages may become
    uncertain before it is left alone."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """What a firewall must let through, the usual one first; nothing for a device on this machine."""
        url = getattr(self, "url", "")
        return (Endpoint.of(url),) if url else ()

    def reporting(self) -> bool:
        """Whether these settings ask for delivery reports, where the driver has them."""
        return bool(getattr(self, "reports", True))


class Provider(Protocol):
    """A way to reach people. Adding one is one file in `providers/` and one line in `registry.py`.

    `send` and `ask` never raise for what the outside world does: every failure is an Answer.
    """

    name: str
    """Its name in `config/engine.yaml`."""
    channels: frozenset[Channel]
    provider_class: ProviderClass
    features: Features
    """What it can do beyond handing over a text."""
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

    async def listen(self, publish: Publish, hear: "Hear | None" = None) -> None:
        """Begin to receive; returns at once. The provider is told that we have a report, or a text from a phone,
        only once it is kept. Without `hear` nobody reads texts, and it is told so."""
        ...


@runtime_checkable
class Polled(Protocol):
    """A provider that can be asked what became of a message that it took."""

    poll_gap: timedelta | None
    """At least so long between two questions of one worker; None: these settings do not say how to ask."""

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What it says, or nothing when it does not say. Never raises for what the outside world does."""
        ...


@runtime_checkable
class SigningIn(Protocol):
    """A provider whose name and password can be tried without sending anything, as `tocsin doctor` does."""

    async def sign_in(self) -> Answer | None:
        """ACCEPTED: we are let in. REFUSED with PROVIDER_AUTH: name or password are wrong. None: with these settings
        only a message would tell. Never raises for what the outside world does."""
        ...


@runtime_checkable
class Thanking(Protocol):
    """A provider that wants a certain answer to its callbacks, or sends them again."""

    def thank(self, body: bytes) -> str:
        """The answer to a callback that was read and kept."""
        ...


@runtime_checkable
class Hearing(Protocol):
    """A provider that brings texts from phones by requests to our web server."""

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The texts in a request. Raises ValueError when it is garbage, PermissionError when it is forged."""
        ...

    def thank_inbound(self, body: bytes) -> str:
        """The answer to a request that was read and kept. Empty where nothing is asked for: some gateways send
        whatever we say to the phone."""
        ...


Hear = Callable[[Sequence[Heard | Part]], Awaitable[None]]
"""Returns once the texts are durable on the stream, and parts of texts in the store; raises when they are not."""


def is_polled(provider: Provider) -> bool:
    """Whether it can be asked what became of a message, with the settings that it has."""
    return isinstance(provider, Polled) and provider.poll_gap is not None

"""The two places where the line runs, for proofs: one machine, and Kafka with PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer

EMBEDDED = "embedded"
MANY = "kafka"


@dataclass(frozen=True)
class Urls:
    """`stream` and `store` of one installation; empty means the default, files of its own."""

    stream: str = ""
    store: str = ""


class Stack(Protocol):
    """Gives each installation a stream and a store that no other uses."""

    def urls(self, room: str) -> Urls:
        """The urls for the installation called `room`."""
        ...


class Embedded:
    """The default: files in the installation's own folder."""

    def urls(self, room: str) -> Urls:
        """Nothing to say: the default."""
        return Urls()


@dataclass(frozen=True)
class Many:
    """One broker and one database server; a topic prefix and a database for each installation."""

    broker: KafkaServer
    server: PostgresServer

    def urls(self, room: str) -> Urls:
        """A prefix and a new, empty database."""
        return Urls(self.broker.url(f"{room}-"), self.server.create())


@asynccontextmanager
async def running(name: str) -> AsyncIterator[Stack]:
    """The stack of this name, up until the end of the block."""
    if name == EMBEDDED:
        yield Embedded()
        return
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(KafkaServer.running())
        yield Many(broker, stack.enter_context(PostgresServer.running()))

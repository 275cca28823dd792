"""What lies under a stream: opened before Faust starts, closed after it has stopped."""

from collections.abc import Iterable
from typing import Protocol

from engine.topics import Topic
from engine.transport.address import File, Servers
from engine.transport.cluster import Cluster
from engine.transport.log import Log


class Ground(Protocol):
    """What the door needs to know of a file or of a Kafka."""

    async def open(self) -> None:
        """Be there. Raises StreamError, and leaves nothing open."""

    async def declare(self, topics: Iterable[Topic]) -> None:
        """Have these topics with their partitions. Raises StreamError when one has another count."""

    async def close(self) -> None:
        """Let go of it. Safe to call twice."""


class Embedded:
    """The file of one machine."""

    def __init__(self, file: File) -> None:
        self.log = Log(file.path)

    async def open(self) -> None:
        """Take the lock and read what is there. Raises StreamError."""
        await self.log.open()

    async def declare(self, topics: Iterable[Topic]) -> None:
        """Have these topics. Raises StreamError when one has another count of partitions."""
        await self.log.declare({topic.name: topic.partitions for topic in topics})

    async def close(self) -> None:
        """Finish what is being written, give the lock back."""
        await self.log.close()


def ground_of(address: File | Servers) -> Ground:
    """What lies under the stream of this address; nothing is opened yet."""
    return Embedded(address) if isinstance(address, File) else Cluster(address)

"""Where a stream lies, as `stream:` in engine.yaml says it: a file of this machine, or the servers of a Kafka."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from engine.errors import StreamError

KAFKA_PORT = 9092
MOST_REPLICAS = 9


@dataclass(frozen=True)
class File:
    """The embedded stream's file."""

    path: Path
    prefix: str = ""

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Servers:
    """A Kafka: where to begin to ask, and what our topics are like there."""

    hosts: tuple[str, ...]
    """host:port of each."""
    replication: int | None = None
    """Copies of each record; None: three, or as many as there are brokers when those are fewer."""
    prefix: str = ""
    """Stands before the name of every topic and of the group: two installations can share a Kafka."""

    def __str__(self) -> str:
        return ",".join(self.hosts)


def read_url(url: str) -> File | Servers:
    """What `url` names: sqlite:////absolute/path or kafka://host:port[,host:port][?replication=3&prefix=x-].

    Raises StreamError for anything else.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest[1:] and "?" not in rest:
        return File(Path(rest[1:]))
    if scheme == "kafka" and separator:
        return _servers(url, rest)
    raise _refuse(url, "this is not the address of a stream")


def _servers(url: str, rest: str) -> Servers:
    if "@" in rest:
        raise _refuse(url, "a user and a password for Kafka cannot be given yet")
    names, _, query = rest.partition("?")
    names = names.rstrip("/")
    hosts = []
    for name in names.split(","):
        found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(\d{1,5}))?", name)
        if found is None or int(found[2] or 1) not in range(1, 65536):
            raise _refuse(url, f"{name!r} is not a host and its port")
        hosts.append(f"{found[1]}:{found[2] or KAFKA_PORT}")
    options = dict(parse_qsl(query, keep_blank_values=True))
    replication, prefix = options.pop("replication", None), options.pop("prefix", "")
    if options:
        raise _refuse(url, f"{sorted(options)[0]!r} is not known here: replication and prefix are")
    if replication is not None and not re.fullmatch(f"[1-{MOST_REPLICAS}]", replication):
        raise _refuse(url, f"replication is a number from 1 to {MOST_REPLICAS}")
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,100}", prefix):
        raise _refuse(url, "a prefix has letters, digits, '.', '_' and '-'")
    return Servers(tuple(hosts), None if replication is None else int(replication), prefix)


def _refuse(url: str, message: str) -> StreamError:
    return StreamError(
        message,
        place=url.rpartition("@")[2],  # an address may carry a password; what stands before the @ is not shown
        remedy="write `stream: sqlite:////absolute/path/stream.db` or `stream: kafka://host:9092` in engine.yaml",
    )

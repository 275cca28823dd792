"""Where a stream lies, as `stream:` in engine.yaml says it: a file of this machine, or the servers of a Kafka."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from engine.errors import StreamError

KAFKA = "kafka"
KAFKA_TLS = "kafka+tls"
#: Where Kafka listens when the address does not say.
PORTS = {KAFKA: 9092, KAFKA_TLS: 9093}
MOST_REPLICAS = 9
#: How a user proves who it is (RFC 4616, RFC 5802): as the address says it, and as Kafka does.
MECHANISMS = {"scram-sha-512": "SCRAM-SHA-512", "scram-sha-256": "SCRAM-SHA-256", "plain": "PLAIN"}
#: What may stand before the @ as it is (RFC 3986 3.2.1); the rest is percent-encoded.
_LOGIN = re.compile(r"[\w.~!$&'()*+,;=%:-]*", re.ASCII)
_HOST = re.compile(r"(\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(\d{1,5}))?")


@dataclass(frozen=True)
class File:
    """The embedded stream's file."""

    path: Path
    prefix: str = ""

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Login:
    """As whom we come."""

    user: str
    password: str | None = field(default=None, repr=False)
    """None: the address alone does not say it."""
    mechanism: str = "SCRAM-SHA-512"
    """One of the values of MECHANISMS."""


@dataclass(frozen=True)
class Tls:
    """TLS, with certificates verified and host names checked. The files are PEM, their paths absolute."""

    ca_file: Path | None = None
    """The only authority that may have signed the brokers' certificates; None: those this system trusts."""
    cert_file: Path | None = None
    """Proves who we are, together with its key, to brokers that ask."""
    key_file: Path | None = None


@dataclass(frozen=True)
class Servers:
    """A Kafka: where to begin to ask, how we are let in, and what our topics are like there."""

    hosts: tuple[str, ...]
    """host:port of each."""
    replication: int | None = None
    """Copies of each record; None: three, or as many as there are brokers when those are fewer."""
    prefix: str = ""
    """Stands before the name of every topic and of the group: two installations can share a Kafka."""
    tls: Tls | None = None
    """None: everything goes in the clear."""
    login: Login | None = None
    """None: nobody asks who we are."""

    def __str__(self) -> str:
        return ",".join(self.hosts)


def read_url(url: str) -> File | Servers:
    """What `url` names: sqlite:////absolute/path or kafka[+tls]://[user[:password]@]host:port[,host:port][?options].

    The options of a Kafka: replication, prefix, with a user sasl, with TLS ca_file, cert_file and key_file.
    Raises StreamError for anything else; its text has nothing of what stands before the @.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest[1:] and "?" not in rest:
        return File(Path(rest[1:]))
    if scheme in PORTS and separator:
        return _servers(url, scheme, rest)
    raise _refuse(url, "this is not the address of a stream")


def _servers(url: str, scheme: str, rest: str) -> Servers:
    login, at, rest = rest.rpartition("@")
    names, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    replication, prefix = options.pop("replication", None), options.pop("prefix", "")
    if replication is not None and not re.fullmatch(f"[1-{MOST_REPLICAS}]", replication):
        raise _refuse(url, f"replication is a number from 1 to {MOST_REPLICAS}")
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,100}", prefix):
        raise _refuse(url, "a prefix has letters, digits, '.', '_' and '-'")
    servers = Servers(
        _hosts(url, names, PORTS[scheme]),
        None if replication is None else int(replication),
        prefix,
        _tls(url, options) if scheme == KAFKA_TLS else None,
        _login(url, login, options, tls=scheme == KAFKA_TLS) if at else None,
    )
    if options:
        raise _refuse(url, _unknown(sorted(options)[0]))
    return servers


def _hosts(url: str, names: str, port: int) -> tuple[str, ...]:
    hosts = []
    for name in names.rstrip("/").split(","):
        found = _HOST.fullmatch(name)
        if found is None or int(found[2] or 1) not in range(1, 65536):
            raise _refuse(url, f"{name!r} is not a host and its port")
        hosts.append(f"{found[1]}:{found[2] or port}")
    return tuple(hosts)


def _login(url: str, written: str, options: dict[str, str], *, tls: bool) -> Login:
    if not _LOGIN.fullmatch(written):
        raise _refuse(url, "a user and a password in an address are percent-encoded: %40 for @, %2F for /")
    user, colon, password = written.partition(":")
    if not user:
        raise _refuse(url, "write the user before the @")
    sasl = options.pop("sasl", "scram-sha-512")
    if sasl not in MECHANISMS:
        raise _refuse(url, f"sasl is one of {', '.join(MECHANISMS)}")
    if sasl == "plain" and not tls:
        # Not even on this machine: the broker we ask first names the others, and those may be anywhere.
        message = f"sasl=plain would send the password in the clear: write {KAFKA_TLS}://, or sasl=scram-sha-512"
        raise _refuse(url, message)
    return Login(unquote(user), unquote(password) if colon else None, MECHANISMS[sasl])


def _tls(url: str, options: dict[str, str]) -> Tls:
    files = {name: Path(options.pop(name)) for name in ("ca_file", "cert_file", "key_file") if name in options}
    for name, path in files.items():
        if not path.is_absolute():
            raise _refuse(
                url, f"{name} in an address is an absolute path; stream_{name} in engine.yaml may be relative"
            )
    if ("cert_file" in files) != ("key_file" in files):
        raise _refuse(url, "a certificate and its key belong together: give cert_file and key_file, or neither")
    return Tls(**files)


def _unknown(option: str) -> str:
    if option == "sasl":
        return f"sasl belongs to a user: {KAFKA_TLS}://user@host:9093"
    if option in ("ca_file", "cert_file", "key_file"):
        return f"{option} belongs to {KAFKA_TLS}://"
    return f"{option!r} is not known here: replication, prefix and sasl are"


def _refuse(url: str, message: str) -> StreamError:
    return StreamError(
        message,
        place=url.rpartition("@")[2],  # an address may carry a password; what stands before the @ is not shown
        remedy="write `stream: sqlite:////absolute/path/stream.db`, `stream: kafka://host:9092` or"
        " `stream: kafka+tls://user@host:9093` in engine.yaml",
    )

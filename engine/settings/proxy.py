"""`proxy:` of engine.yaml, as a person writes it."""

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from engine.channels.secret import read_secret
from engine.errors import ProviderError
from engine.noun import Written
from engine.proxy import Proxy

#: A name, or an address of either kind.
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*|[0-9a-f:.]*:[0-9a-f:.]*")
_EXAMPLE = "like http://proxy.example:3128"


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(f"write the proxy's address, {_EXAMPLE}") from None
    if parts.scheme == "https":
        raise ValueError(
            f"write http://, {_EXAMPLE}: the proxy itself is spoken to by plain HTTP, and TLS runs inside it"
        )
    if parts.scheme != "http" or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError(f"write the proxy's address, {_EXAMPLE}; only HTTP proxies are known, no SOCKS")
    if parts.username is not None:
        raise ValueError("write the address alone; user and password_file have settings of their own")
    if not port:
        raise ValueError(f"write the proxy's port too, {_EXAMPLE}")
    return _alone(value, parts)


def _alone(value: str, parts: SplitResult) -> str:
    if parts.path.strip("/") or "?" in value or "#" in value:
        raise ValueError(f"write the address alone, {_EXAMPLE}: a proxy has no path and no query")
    return value.rstrip("/")


def _host(value: str) -> str:
    name = value.lower().lstrip(".").rstrip(".")
    if not _HOST.fullmatch(name):
        raise ValueError("write a host alone, like kannel.intern.example: without http://, port, path and *")
    return name


def _user(value: str) -> str:
    if ":" in value or not value.isprintable():
        raise ValueError("a proxy's user has no ':' and no control characters")
    return value


class WrittenProxy(Written):
    """The HTTP proxy through which providers on the web are called. What is near is called directly."""

    url: Annotated[str, AfterValidator(_url)]
    """Where it listens: http://host:port, nothing else."""
    user: Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_user)] | None = None
    """Where it asks who we are."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    direct: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], Field(max_length=1_000)] = ()
    """Hosts that are called without it, with all below them. Addresses of private networks and names without a dot
    always are."""

    @model_validator(mode="after")
    def _has_one_password(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, one of them")
        secret = self.password is not None or self.password_file is not None
        if secret and self.user is None:
            raise ValueError("give user too: a password alone proves nothing")
        if self.user is not None and not secret:
            raise ValueError("give password_file: a file that holds the user's password, or password")
        return self

    def noun(self) -> Proxy:
        """As the engine has it, with the password as it is now. Raises ProviderError when that cannot be used."""
        parts = urlsplit(self.url)
        password = read_secret(self.password, self.password_file, "the proxy's password")
        if not password.isprintable():
            raise ProviderError(
                "the proxy's password holds a line break or another character that cannot be sent",
                place=str(self.password_file or ""),
                remedy="write it on one line, nothing else",
            )
        return Proxy(
            host=parts.hostname or "",
            port=parts.port or 0,
            user=self.user or "",
            password=SecretStr(password),
            direct=self.direct,
        )

"""`config/engine.yaml`: where things are kept and who carries messages."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Union
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, create_model, model_validator
from pydantic_core import PydanticCustomError

from engine.channels.registry import SETTINGS
from engine.document import VersionOne, suggest
from engine.duration import Duration
from engine.errors import StreamError
from engine.heard import MOST_NUMBER, Route, number_of, words_of
from engine.noun import Written
from engine.settings.proxy import WrittenProxy
from engine.size import Size
from engine.sources.imap.mailbox import Mailbox
from engine.transport.address import PORTS, read_url

_SQLITE = "sqlite"
STREAMS = (_SQLITE, *PORTS)
STORES = (_SQLITE, "postgresql", "postgresql+psycopg")


def _printable(value: Path) -> Path:
    if not str(value).isprintable():
        raise ValueError("a file's name has no control characters")
    return value


def _url(value: str, schemes: tuple[str, ...]) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in schemes:
        known = " or ".join(f"{each}://" for each in schemes)
        label = suggest(scheme, schemes)
        raise PydanticCustomError(
            "value_error", "write a URL that begins with {known}", {"known": known, "label": label}
        )
    if not value.isprintable():
        raise ValueError("a URL has no control characters")
    if scheme == _SQLITE and not rest.strip("/"):
        raise ValueError("write the file too: sqlite:///stream.db, or sqlite:////var/lib/… for a whole path")
    return value


def _stream(value: str) -> str:
    _url(value, STREAMS)
    if not value.startswith(_SQLITE):
        try:
            read_url(value)
        except StreamError as error:
            raise ValueError(f"stream: {error.message}") from None
    return value


def _provider_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", value):
        raise ValueError("a provider's name has small letters, digits, '-' and '_'")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable():
        raise ValueError("write the address as providers see it, like https://tocsin.example")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("write the address alone, like https://tocsin.example")
    return value.rstrip("/")


def _keyword(value: str) -> str:
    words = words_of(value)
    if not words:
        raise ValueError("a keyword has letters or digits")
    return " ".join(words)


class Web(Written):
    """Where the web server listens. Keep it on this machine, or behind a proxy that speaks TLS."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=255)] = "127.0.0.1"
    port: int = Field(default=8025, ge=1, le=65535)
    public: Annotated[str, AfterValidator(_address)] = ""
    """Where providers reach it, when that is not http://host:port: a proxy's https://tocsin.example."""
    media_key_file: Path | None = None
    """A file with a long random text that proves our links to files. On one machine it is made by itself."""

    @property
    def address(self) -> str:
        """Where providers reach it, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public or f"http://{host}:{self.port}"


class WrittenRoute(Written):
    """`engine.heard.Route`, as a person writes it."""

    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_NUMBER)] | None = (
        None
    )
    """Ours, which it was sent to: a number, a short number or an endpoint code."""
    keyword: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_keyword)] | None = None
    """The text begins with it, in whatever case."""
    account: str
    """Whose it is."""

    @model_validator(mode="after")
    def _asks_something(self) -> "WrittenRoute":
        if self.number is None and self.keyword is None:
            raise ValueError("write what it is known by: number, keyword or both; what no route takes, 'admin' gets")
        return self

    def noun(self, region: str | None) -> Route:
        """As the engine has it."""
        number = number_of(self.number, region) if self.number else ""
        return Route(number=number, keyword=self.keyword or "", account=self.account)


class Media(Written):
    """What becomes of files that go with messages."""

    most: Annotated[Size, Field(ge=1, le=25_000_000)] = 5_000_000
    """Of all files of one mail together; what is beyond stays in the mail, and the message says so."""
    keep: Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=90))] = timedelta(days=14)
    """How long a link leads to its file."""


class EngineFile(Written):
    """The file; relative paths are relative to the folder that holds it."""

    version: VersionOne
    data: Annotated[Path, AfterValidator(_printable)] = Path("../var")
    """What the engine writes: the stream and the store. Not under version control."""
    stream: Annotated[str, AfterValidator(_stream)] | None = None
    store: Annotated[str, AfterValidator(lambda url: _url(url, STORES))] | None = None
    store_password_file: Path | None = None
    """A file that holds the store's password, so that it need not stand in `store`."""
    stream_password_file: Path | None = None
    """A file that holds the password of the user in `stream`, so that it need not stand there."""
    stream_ca_file: Path | None = None
    """PEM: the only authority that may have signed the brokers' certificates. Without it: those of this system."""
    stream_cert_file: Path | None = None
    """PEM: the certificate that proves who we are, for brokers that ask for one."""
    stream_key_file: Path | None = None
    """PEM: the key of that certificate, without a password."""
    admin: str = ""
    """The id of the account that is told what goes wrong with the engine itself."""
    web: Web = Web()
    media: Media = Media()
    proxy: WrittenProxy | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    """ISO 3166 alpha-2: the country of numbers that are written without one."""
    inbound: Annotated[tuple[WrittenRoute, ...], Field(max_length=1_000)] = ()
    """Whose the texts are that phones send us: the most particular route that takes one."""
    providers: Mapping[str, Any] = {}
    bounces: Mapping[str, Mailbox] = {}
    """By the name of a provider that sends mail: the mailbox behind its `bounce_address`. It is watched as the
    mailboxes of accounts are, and nothing in it is changed."""


@lru_cache(maxsize=1)
def engine_file() -> type[EngineFile]:
    """The model, with the settings of every provider that ships with the product."""
    models: Any = tuple(SETTINGS.values())
    one: Any = models[0] if len(models) == 1 else Annotated[Union[models], Field(discriminator="driver")]  # noqa: UP007
    name = Annotated[str, AfterValidator(_provider_name)]
    fields: dict[str, Any] = {"providers": (dict[name, one], Field(default={}))}
    return create_model("EngineFile", __base__=EngineFile, __doc__=EngineFile.__doc__, **fields)

"""How a calendar feed is written in `config/accounts/*.yaml`."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from engine.document import Flag
from engine.duration import Duration
from engine.noun import Written

#: How often a server is asked when neither the owner nor the publisher says.
DEFAULT_REFRESH = timedelta(minutes=15)
#: A server is asked no more often, whoever wishes it.
LEAST_REFRESH = timedelta(minutes=5)
#: A file costs nobody anything to look at; this is its default too.
LEAST_FILE_REFRESH = timedelta(minutes=1)
#: A publisher's wish that is longer than this is not waited for: appointments move.
MOST_ADVICE = timedelta(days=1)
_PORTS = {"http": 80, "https": 443}


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", value):
        raise ValueError("a feed's name has small letters, digits, '-' and '_', and begins with the first two")
    return value


def _split(text: str) -> SplitResult:
    """Raises ValueError; its text does not show what was written, which may be a secret."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # a port that is no number shows itself only here
    except ValueError:
        raise ValueError("this is no address on the web") from None
    if parts.scheme not in ("http", "https", "webcal", "webcals") or not parts.hostname:
        raise ValueError("write an address that begins with https://, http:// or webcal://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("write `user` and `password` beside the address, not inside it")
    return parts


def _check(text: str) -> str:
    _split(text)
    return text


def _check_secret(value: SecretStr) -> SecretStr:
    _split(value.get_secret_value())
    return value


class Feed(Written):
    """One calendar: where it is published, how to sign in, how often to look. It is only ever read."""

    name: Annotated[str, AfterValidator(_name)]
    """Appointments are known by it: it is never to change."""
    url: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    """An address that answers with a calendar. A secret: who knows the private address of a calendar can read it."""
    file: Path | None = None
    """A file on this machine."""
    caldav: Annotated[str, AfterValidator(_check)] | None = None
    """The address of a calendar on a CalDAV server (RFC 4791)."""
    user: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    refresh: Duration | None = None
    """How often to look. Default: what the publisher advises, else 15 minutes; a file each minute."""
    private: Flag = False
    """Whether the server may be on the own network, by the administrator's leave."""
    ca_file: Path | None = None
    """A certificate authority of one's own, for a server that no public one vouches for."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.url, self.file, self.caldav)) != 1:
            raise ValueError("give exactly one of url, file, caldav")
        secrets = sum(secret is not None for secret in (self.password, self.password_file))
        if secrets > 1 or (secrets == 1) != bool(self.user):
            raise ValueError("give user together with one of password, password_file, or none of them")
        if self.file is not None and (self.user or self.ca_file is not None):
            raise ValueError("a file needs neither a sign-in nor a ca_file")
        if self.user and not self.private and self.address.startswith("http:"):
            raise ValueError("a password is sent over https only; write https://")
        if self.refresh is not None and self.refresh < self.least:
            raise ValueError(f"refresh is at least {self.least // timedelta(minutes=1)}m here")
        return self

    @property
    def least(self) -> timedelta:
        """The shortest time between two looks."""
        return LEAST_REFRESH if self.file is None else LEAST_FILE_REFRESH

    @property
    def address(self) -> str:
        """What is asked for over HTTP; empty for a file. webcal is a wish to subscribe, carried by https."""
        text = self.caldav or (self.url.get_secret_value() if self.url is not None else "")
        return re.sub(r"^webcals?:", "https:", text, flags=re.IGNORECASE)

    @property
    def place(self) -> str:
        """``host:port`` or the file: where every error of this feed says that it happened."""
        if self.file is not None:
            return str(self.file)
        parts = urlsplit(self.address)
        return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"

    def interval(self, advice: timedelta | None) -> timedelta:
        """The time between two looks; `advice` is the publisher's. The owner's own word counts more."""
        if self.refresh is not None:
            return self.refresh
        if advice is not None:
            return min(max(advice, self.least), MOST_ADVICE)
        return DEFAULT_REFRESH if self.file is None else LEAST_FILE_REFRESH

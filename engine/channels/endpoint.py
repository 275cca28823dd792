"""Where a provider is: one host and port that a firewall must let through, and how it is encrypted."""

from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from engine.noun import Noun


class Tls(StrEnum):
    """How a connection is encrypted."""

    OFF = "off"
    ON = "on"
    """From the first byte."""
    STARTTLS = "starttls"
    """After the words of RFC 3207."""


class Endpoint(Noun):
    """One address that we connect to."""

    host: str
    port: int
    tls: Tls = Tls.OFF
    ca_file: Path | None = None
    """The authority that its certificate must come from; without it, those that the system trusts."""
    standby: bool = False
    """Not the first that is called: in reserve, or for questions only."""
    web: bool = False
    """It is spoken to by HTTP, where others would use a proxy."""

    @classmethod
    def of(cls, url: str, *, standby: bool = False) -> Self:
        """Where an address of the web leads."""
        parts = urlsplit(url)
        tls = Tls.ON if parts.scheme == "https" else Tls.OFF
        port = parts.port or (443 if tls is Tls.ON else 80)
        return cls(host=parts.hostname or "", port=port, tls=tls, standby=standby, web=True)

    def __str__(self) -> str:
        """As a firewall's rule names it: `host:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

"""How a mailbox is written in `config/accounts/*.yaml`."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from engine.duration import Duration
from engine.noun import Written


def _read_server(value: str) -> str:
    server = value.strip().lower()
    if not re.fullmatch(r"[!-~]{1,255}", server) or re.search(r'[;"(),@]', server):
        raise ValueError("write a server as it stands in Authentication-Results, like mx.example.org")
    return server


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Late(Written):
    """What becomes of mail that was already old when it was first read (three days offline is no flood)."""

    after: Duration = timedelta(hours=1)
    then: Literal["drop", "say so"] = "drop"


class Mailbox(Written):
    """One mailbox: where it is, how to sign in, what to watch. It is only ever opened read-only (EXAMINE)."""

    host: str = Field(min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    """Default: 993 with ``tls: on``, else 143."""
    tls: Literal["on", "starttls", "off"] = "on"
    ca_file: Path | None = None
    """A certificate authority of one's own, for a server that no public one vouches for."""
    user: str = Field(min_length=1)
    password: SecretStr | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    """An OAuth access token, read anew at each sign-in (XOAUTH2)."""
    token_command: str | None = None
    """A command that prints an OAuth access token, run at each sign-in without a shell (XOAUTH2)."""
    folders: tuple[str, ...] = Field(default=("INBOX",), min_length=1)
    start: Literal["now", "unseen"] = "now"
    """At the first connection: only mail that arrives from now on, or also what is unread."""
    late: Late = Late()
    trust: Annotated[
        tuple[Annotated[str, AfterValidator(_read_server)], ...],
        Field(max_length=10),
        BeforeValidator(_one_or_more, json_schema_input_type=str | list[str]),
    ] = ()
    """The mail servers whose word on SPF, DKIM and DMARC counts: the first word of the topmost Authentication-Results
    header of a mail that came in there (RFC 8601 section 2.2). Only a server of one's own side: it must remove what
    pretends to be its own."""
    refresh: Duration = timedelta(minutes=4)
    """After so long without a word from the server the connection is tried; a silent death is found by then."""
    poll: Duration = timedelta(seconds=45)
    """How often to look where the server knows no IDLE."""

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        ways = [self.password, self.password_file, self.token_file, self.token_command]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of password, password_file, token_file, token_command")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) to connect to."""
        return self.host, self.port or (993 if self.tls == "on" else 143)

    @property
    def place(self) -> str:
        """``host:port``: where every error of this mailbox says that it happened."""
        return "{}:{}".format(*self.address)

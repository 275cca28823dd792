"""How a HylaFAX server is written in `config/engine.yaml`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from engine.channels.endpoint import Endpoint
from engine.channels.provider import Paced
from engine.duration import Duration

#: What stands between quotes in a command.
Word = Annotated[str, Field(max_length=100, pattern=r"^[\x20\x21\x23-\x5b\x5d-\x7e]*$")]


class HylafaxSettings(Paced):
    """Fax, by a HylaFAX server of one's own and its modems."""

    driver: Literal["hylafax"]
    host: str = Field(default="127.0.0.1", min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$")
    """Where HylaFAX runs."""
    port: int = Field(default=4559, ge=1, le=65535)
    """Where its hfaxd listens. The protocol knows no encryption: keep it in one's own network."""
    user: Word = "tocsin"
    """The name to sign in with, and the owner of the jobs."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, where `hosts.hfaxd` asks for one."""
    sender: Annotated[str, Field(max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = "Tocsin"
    """Who sends it, as it stands on top of each page."""
    dial: Annotated[str, Field(max_length=40, pattern=r"^[0-9*#,WTP]*(\{number\}|\{digits\})$")] = "{number}"
    """What is dialled: `{number}` is the number with its plus, for dial rules that know it; `{digits}` without, as in
    `00{digits}` or `0,00{digits}`."""
    modem: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    """The modem or class of modems; empty: any."""
    resolution: Literal["fine", "normal"] = "fine"
    """196 or 98 lines to the inch; a fine page takes twice as long."""
    dials: int = Field(default=5, ge=1, le=99)
    """How often it dials before it gives up."""
    tries: int = Field(default=3, ge=1, le=99)
    """How often a call is begun anew that broke off."""
    give_up: Duration = Field(default=timedelta(hours=3), ge=timedelta(minutes=1), le=timedelta(days=7))
    """After so long the server stops trying; earlier when the message is worth nothing any more."""
    poll: Duration = Field(default=timedelta(seconds=15), gt=timedelta(0), le=timedelta(minutes=5))
    """How often the queues are looked through for what became of a fax."""
    kept: Duration = Field(default=timedelta(minutes=15), ge=timedelta(minutes=1), le=timedelta(days=30))
    """How long a finished fax can be found in the queue: what `faxqclean -j` says, 15 minutes unless it is told
    otherwise. After that a fax that is not found is not taken for one that was never sent."""
    most_pages: int = Field(default=30, ge=1, le=500)
    """A longer fax is refused before anything is sent."""
    timeout: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where hfaxd listens. Contents go over a second connection, to a port that it names each time."""
        return (Endpoint(host=self.host, port=self.port),)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, one of them")
        if self.poll * 2 > self.kept:
            raise ValueError("look (`poll`) at least twice in the time that a finished fax is `kept`")
        return self

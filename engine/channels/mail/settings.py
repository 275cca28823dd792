"""How a mail server is written in `config/engine.yaml`: where, how encrypted, as whom, from whom."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from engine.channels.endpoint import Endpoint, Tls
from engine.channels.mail.address import domain_of, read_address, read_sender
from engine.channels.provider import Paced
from engine.duration import Duration
from engine.guard import is_near

_PORTS = {"starttls": 587, "on": 465, "off": 25}


def _sender(written: str) -> str:
    read_sender(written)
    return written


Sender = Annotated[str, Field(max_length=320), AfterValidator(_sender)]
Address = Annotated[str, AfterValidator(read_address)]
#: One line that can stand in a header.
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]


class MailServer(Paced):
    """What takes our mail: the house's own server, or the one of an e-mail company."""

    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$")
    """The server's name, as it stands in its certificate."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Without it 587, 465 with `tls: on`, 25 with `tls: off`."""
    tls: Literal["starttls", "on", "off"] = "starttls"
    """`starttls`: encrypt or send nothing, also when the server (or somebody between) does not offer it. `on`: TLS
    from the first byte. `off`: only for a server on this machine or in its own network."""
    ca_file: Path | None = None
    """A certificate authority of one's own, for a server that no public one vouches for."""
    user: Line = ""
    """The name to sign in with; empty: the server asks for none."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    sender: Sender
    """Whom the mail is from: `Tocsin <tocsin@example.org>`."""
    timeout: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""

    @property
    def at_port(self) -> int:
        """The port, written or usual."""
        return self.port or _PORTS[self.tls]

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The mail server."""
        return (Endpoint(host=self.host, port=self.at_port, tls=Tls(self.tls), ca_file=self.ca_file),)

    @property
    def domain(self) -> str:
        """Ours: what Message-IDs end in and what we call ourselves."""
        return domain_of(read_sender(self.sender)[1])

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, one of them")
        if bool(self.user) != (self.password is not None or self.password_file is not None):
            raise ValueError("user and password belong together; leave out both where the server asks for none")
        if self.tls == "off" and not is_near(self.host):
            raise ValueError("write `tls: starttls`: what crosses the internet unencrypted can be read by others")
        if self.tls == "off" and self.ca_file is not None:
            raise ValueError("ca_file belongs to `tls: starttls` or `tls: on`")
        return self

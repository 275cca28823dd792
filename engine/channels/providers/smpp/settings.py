"""How an SMPP link is written in `config/engine.yaml`."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from engine.channels.endpoint import Endpoint, Tls
from engine.channels.provider import Paced
from engine.channels.providers.smpp.encoding import Charset
from engine.channels.providers.smpp.outcomes import Meaning
from engine.channels.providers.smpp.receipts import Ids
from engine.channels.providers.smpp.split import Segmentation
from engine.document import Flag
from engine.duration import Duration


def _number(value: object) -> object:
    """Manuals write codes in hexadecimal: 0x0401."""
    return int(value, 16) if isinstance(value, str) and value[:2].lower() == "0x" else value


Code = Annotated[int, BeforeValidator(_number, json_schema_input_type=int | str)]


class SmppSettings(Paced):
    """A connection to the SMS centre of an operator or an aggregator, which speaks SMPP 3.4."""

    driver: Literal["smpp"]
    host: str = Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9._:-]+$")
    """The SMS centre's name or address."""
    port: int = Field(default=2775, ge=1, le=65535)
    """Where it listens."""
    tls: Literal["on", "off"] = "off"
    """`on`: TLS from the first byte, and the certificate must be in order."""
    ca_file: Path | None = None
    """A certificate authority of one's own, for an SMS centre that no public one vouches for."""
    system_id: str = Field(min_length=1, max_length=64)
    """The name to sign in with."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    system_type: str = Field(default="", max_length=12)
    """What the operator says; mostly nothing."""
    sender: str = Field(default="", max_length=20)
    """What the phone shows: a number with its plus, a short code, or up to 11 letters; empty: as the SMS centre has
    it."""
    sender_ton: Annotated[int, Field(ge=0, le=7)] | None = None
    """The type of the sender's number; without it: 1 with a plus, 3 for a short code, 5 for letters."""
    sender_npi: Annotated[int, Field(ge=0, le=18)] | None = None
    """Whose plan numbers the sender; without it: 1 with a plus, else 0."""
    window: int = Field(default=10, ge=1, le=1000)
    """Units that may wait for an answer at a time: as many as the SMS centre allows."""
    slow_down: Duration = Field(default=timedelta(seconds=1), gt=timedelta(0), le=timedelta(minutes=10))
    """How long to send nothing when the SMS centre says that it is too fast."""
    timeout: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    """How long a message may take from hand to answer."""
    enquire: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0), le=timedelta(hours=1))
    """After so long without a word the link is tried; a silent death is found by then."""
    segmentation: Segmentation = Segmentation.UDH
    """How a long text is cut: by a header of 8 or 16 bits in each part, by parameters, or by the SMS centre."""
    charset: Charset = Charset.GSM7
    """What the SMS centre takes a text for that is not marked as UCS-2."""
    data_coding: Annotated[Code, Field(ge=0, le=255)] | None = None
    """How a text in `charset` is marked; without it: 0 for gsm7, 3 for latin1."""
    reports: Flag = True
    """Ask for delivery reports."""
    priority: Flag = False
    """Mark what is in lane 1 as urgent; some SMS centres refuse a message that is."""
    expiry: Flag = True
    """Tell the SMS centre when a message is worth nothing any more."""
    message_ids: Ids = Ids.SAME
    """Whether a delivery report writes the id of a message as the answer to it did."""
    reference_tag: Annotated[Code, Field(ge=0x1400, le=0x3FFF)] | None = None
    """The operator's own parameter for a reference of the customer's, which its receipts show again: with it a
    receipt is recognised also after a crash that lost the operator's id."""
    statuses: Mapping[Code, Meaning] = Field(default={}, max_length=200)
    """What the operator's own error codes mean, and those of the standard that it uses in its own way."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The SMS centre."""
        return (Endpoint(host=self.host, port=self.port, tls=Tls(self.tls), ca_file=self.ca_file),)

    @field_validator("system_id", "system_type", "sender")
    @classmethod
    def _is_ascii(cls, text: str) -> str:
        if not (text.isascii() and text.isprintable()):
            raise ValueError("SMPP takes letters, digits and signs of ASCII here")
        return text

    @field_validator("sender")
    @classmethod
    def _can_be_shown(cls, sender: str) -> str:
        if sender and not sender.removeprefix("+").isdigit() and len(sender) > 11:
            raise ValueError("a sender that is no number has at most 11 characters")
        return sender

    @model_validator(mode="after")
    def _has_one_password(self) -> "SmppSettings":
        if (self.password is None) == (self.password_file is None):
            raise ValueError("give the password of the system_id: password or password_file, one of them")
        if self.ca_file is not None and self.tls == "off":
            raise ValueError("ca_file belongs to `tls: on`")
        return self

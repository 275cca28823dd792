"""SMS or fax by e-mail: a gateway that turns a mail to `NUMBER@its.domain` into one.

Such a gateway answers nothing that can be relied on: a mail that its server took is `sent`, and nothing more will
be known of it.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features, Reporting
from engine.channels.mail.address import read_address, read_sender
from engine.channels.mail.bounce import TOKEN_HEADER
from engine.channels.mail.letter import Attachment, Letter, attach, compose
from engine.channels.mail.settings import Line, MailServer
from engine.channels.mail.submit import Envelope, Submission
from engine.channels.objection import not_sent, object_to
from engine.channels.paper.press import press
from engine.channels.paper.render import require
from engine.channels.words import discreet
from engine.medium import PDF
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.pool import OverrunError
from engine.reason import Reason
from engine.receipt import DeliveryReport

#: A number that stands in for all others when a template is looked at.
_SAMPLE = "+12025550123"


def _fill(template: str, number: str) -> str:
    return template.replace("{number}", number).replace("{digits}", number.removeprefix("+"))


def _address(template: str) -> str:
    if template.count("{number}") + template.count("{digits}") != 1:
        raise ValueError("write where the number goes, once: {number}@sms.example.com, or {digits} without its plus")
    try:
        read_address(_fill(template, _SAMPLE))
    except ValueError:
        raise ValueError("write an address, like {number}@sms.example.com") from None
    return template


class EmailGatewaySettings(MailServer):
    """SMS or fax, by a mail to a gateway."""

    driver: Literal["email_gateway"]
    carries: Literal["sms", "fax"] = "sms"
    """What the mail becomes there. A fax goes as PDF."""
    address: Annotated[str, AfterValidator(_address)]
    """`{number}@sms.example.com`: the number with its plus; `{digits}`: without."""
    subject: Line = ""
    """What the gateway wants to see there: a code, an account, or nothing."""
    parts: int = Field(default=10, ge=1, le=255)
    """How many parts of an SMS the gateway joins at most; a longer text is refused."""


class EmailGatewayProvider:
    """Speaks to one gateway, by way of a mail server."""

    channels = frozenset({Channel.SMS, Channel.FAX})
    provider_class = ProviderClass.OPAQUE
    key_life = timedelta(0)
    features = Features(reports=Reporting.NONE, sender=False)

    def __init__(self, name: str, settings: EmailGatewaySettings, http: Http, callback: str) -> None:
        """HTTP client and callback address are for providers that speak HTTP.

        Raises ProviderError when the file of a secret cannot be used, or the libraries that draw pages are missing.
        """
        self.name = name
        self.timeout = settings.timeout
        self.channels = carried(settings)
        self._settings = settings
        self._sender = read_sender(settings.sender)
        self._submission = Submission(settings)
        if settings.carries == "fax":
            require()

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Mail the text; as pages when it is to become a fax."""
        most = self._settings.parts if self._settings.carries == "sms" else sys.maxsize  # pages have no parts
        if objection := object_to(message, most_parts=most):
            return objection
        now = datetime.now(UTC)
        to = read_address(_fill(self._settings.address, message.address))
        try:
            mail = compose(await self._letter(message, to, now), now)
        except (ValueError, OverrunError) as error:
            return not_sent(Reason.UNFIT, discreet(str(error)))
        return await self._submission.hand_over(Envelope(return_path=self._sender[1], to=to, mail=mail))

    async def ask(self, client_ref: str) -> Answer:
        """A gateway cannot be asked."""
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")

    async def sign_in(self) -> Answer:
        """Greet the mail server, sign in where it asks for that, and leave."""
        return await self._submission.sign_in()

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """Nobody reports here. Raises PermissionError."""
        raise PermissionError("a gateway by mail reports nothing")

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _letter(self, message: Message, to: str, now: datetime) -> Letter:
        fax = self._settings.carries == "fax"
        attachments: tuple[Attachment, ...] = ()
        if fax:
            name, address = self._sender
            paper = await press(message.text, name or address, now.astimezone(), attach(message.media))
            attachments = (Attachment(name="fax.pdf", kind=PDF, content=paper.pdf),)
        return Letter(
            id=message.id.hex,
            sender=self._sender,
            to=to,
            subject=self._settings.subject,
            text="" if fax else message.text,
            headers=((TOKEN_HEADER, message.id.hex),),
            attachments=attachments,
        )


def carried(settings: EmailGatewaySettings) -> frozenset[Channel]:
    """What a gateway with these settings carries."""
    return frozenset({Channel(settings.carries)})

"""E-mail, through a mail server of one's own or of an e-mail company.

A mail keeps its Message-ID however often it is handed over, so a repeat is harmless to whoever reads mail with a
program that knows the same mail again; but no server promises that, so the class stays opaque.

What became of a mail is told by mail: to a return path that names it (VERP). Such a report is believed when it
carries the proof that stood in that return path.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features, Reporting
from engine.channels.mail.address import read_address, read_sender, tag
from engine.channels.mail.bounce import TOKEN_HEADER, read_bounce, read_tokens
from engine.channels.mail.letter import Letter, attach, compose, subject_of
from engine.channels.mail.seal import Seal
from engine.channels.mail.settings import Address, MailServer
from engine.channels.mail.submit import Envelope, Submission
from engine.channels.objection import object_to_mail
from engine.channels.secret import read_secret
from engine.document import Flag
from engine.message import Message
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import DeliveryReport

#: Hexadecimal digits of a proof: 64 bits, for each message anew.
_PROOF = 16
#: A local part has 64 characters at most (RFC 5321 4.5.3.1.1); reference and proof take 52.
_MOST_BOUNCE_LOCAL = 11


def _bounce(address: str) -> str:
    if len(address.partition("@")[0]) > _MOST_BOUNCE_LOCAL:
        raise ValueError("the part before the @ has at most 11 characters: a name of each mail is put behind it")
    return address


#: As the setting `unsubscribe`: no mail has the header.
_OFF = "off"


def _unsubscribe(url: str) -> str:
    parts = urlsplit(url)
    if url not in ("", _OFF) and (
        parts.scheme != "https" or not parts.hostname or not url.isprintable() or set(url) & set(" <>,")
    ):
        raise ValueError("write off, or an address with https:// before it; {message} in it becomes the message's id")
    return url


class SmtpSettings(MailServer):
    """E-mail, handed to a mail server."""

    driver: Literal["smtp"]
    reply_to: Address | None = None
    """Where answers go, when not to the sender."""
    html: Flag = True
    """Send the text as HTML too, so that links can be followed everywhere."""
    unsubscribe: Annotated[str, Field(max_length=500), AfterValidator(_unsubscribe)] = ""
    """Where a mail program's own button withdraws consent in one click (RFC 8058): a POST to this address, in every
    mail. Without it, the engine's own address in mail to contacts who agreed, where `web: {public}` is https; `off`:
    nowhere."""
    bounce_address: Annotated[Address, AfterValidator(_bounce)] | None = None
    """Where mail servers report. It must take `bounce+anything@…` too; see docs/providers.md for who reads it."""
    bounce_key: SecretStr | None = None
    bounce_key_file: Path | None = None
    """A file with a long random text, by which we know that a report is about a mail of ours."""
    confirm: Flag = False
    """Ask mail servers to report success too; not all do."""
    dkim_selector: str = Field(default="", pattern=r"^[A-Za-z0-9.-]{0,63}$")
    """Under which name the key's public half stands in the DNS."""
    dkim_key_file: Path | None = None
    """A file with the RSA key whose public half stands in the DNS under the selector."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.bounce_key is not None and self.bounce_key_file is not None:
            raise ValueError("give bounce_key or bounce_key_file, one of them")
        keyed = self.bounce_key is not None or self.bounce_key_file is not None
        if keyed != (self.bounce_address is not None):
            raise ValueError("bounce_address and bounce_key_file belong together")
        if self.confirm and self.bounce_address is None:
            raise ValueError("`confirm` needs bounce_address: where should success be reported?")
        if bool(self.dkim_selector) != (self.dkim_key_file is not None):
            raise ValueError("dkim_selector and dkim_key_file belong together")
        return self

    def reporting(self) -> bool:
        """Only where bounces have an address."""
        return self.bounce_address is not None


class SmtpProvider:
    """Speaks to one mail server."""

    channels = frozenset({Channel.EMAIL})
    provider_class = ProviderClass.OPAQUE
    key_life = timedelta(0)
    features = Features(reports=Reporting.MAIL)

    def __init__(self, name: str, settings: SmtpSettings, http: Http, callback: str) -> None:
        """HTTP client and callback address are for providers that speak HTTP.

        Raises ProviderError when the file of a secret or key cannot be used.
        """
        self.name = name
        self.timeout = settings.timeout
        self._settings = settings
        self._sender = read_sender(settings.sender)
        self._submission = Submission(settings)
        key = read_secret(settings.bounce_key, settings.bounce_key_file, "a long random text")
        self._key = hashlib.sha256(f"tocsin bounce {name}\0{key}".encode()).digest()
        self._seal = _seal(settings)

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message`; our reference and its proof travel in the return path."""
        if objection := object_to_mail(message):
            return objection
        to = read_address(message.address)
        token = self.token(client_ref) if self._settings.bounce_address else ""
        mail = compose(self._letter(message, to, token), datetime.now(UTC))
        if self._seal is not None:
            mail = await asyncio.to_thread(self._seal.sign, mail)
        bounces = self._settings.bounce_address
        envelope = Envelope(
            return_path=tag(bounces, token) if bounces else self._sender[1],
            to=to,
            mail=mail,
            token=token,
            notify="SUCCESS,FAILURE,DELAY" if self._settings.confirm else "FAILURE,DELAY",
        )
        return await self._submission.hand_over(envelope)

    async def ask(self, client_ref: str) -> Answer:
        """A mail server cannot be asked."""
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")

    async def sign_in(self) -> Answer:
        """Greet the mail server, sign in where it asks for that, and leave."""
        return await self._submission.sign_in()

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The report in a mail to the bounce address, as bytes: `body`.

        It comes out of that mailbox, or a mail server pipes it here. Raises PermissionError when it has no proof of
        ours, ValueError when it is no report.
        """
        address = self._settings.bounce_address
        if address is None:
            raise PermissionError("no reports are expected: there is no bounce_address")
        ref = next(filter(None, map(self._ref, read_tokens(body, address))), None)
        if ref is None:
            raise PermissionError("the mail does not prove that it is about one of ours")
        bounce = read_bounce(body)
        return [
            DeliveryReport(
                provider=self.name,
                client_ref=ref,
                fate=bounce.fate,
                reason=bounce.reason,
                at=datetime.now(UTC),
                detail=bounce.detail,
            )
        ]

    async def close(self) -> None:
        """Nothing is kept open."""

    def token(self, client_ref: str) -> str:
        """What a mail is called to the servers that carry it: our reference and its proof."""
        return f"{client_ref}-{hmac.new(self._key, client_ref.encode(), hashlib.sha256).hexdigest()[:_PROOF]}"

    def _ref(self, token: str) -> str:
        """Our reference in a token, when its proof is right."""
        ref = token.rpartition("-")[0]
        right = ref.isascii() and hmac.compare_digest(token.encode(errors="replace"), self.token(ref).encode())
        return ref if ref and right else ""

    def _letter(self, message: Message, to: str, token: str) -> Letter:
        settings = self._settings
        headers = [(TOKEN_HEADER, token or message.id.hex)]
        if settings.reply_to:
            headers.append(("Reply-To", settings.reply_to))
        if (stop := settings.unsubscribe or message.unsubscribe) and stop != _OFF:
            headers.append(("List-Unsubscribe", f"<{stop.replace('{message}', message.id.hex)}>"))
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        return Letter(
            id=message.id.hex,
            sender=self._sender,
            to=to,
            subject=subject_of(message.title) or subject_of(message.text),
            text=message.text,
            html=settings.html,
            headers=tuple(headers),
            attachments=attach(message.media),
        )


def _seal(settings: SmtpSettings) -> Seal | None:
    if settings.dkim_key_file is None:
        return None
    key = read_secret(None, settings.dkim_key_file, "an RSA key: openssl genrsa 2048")
    return Seal(settings.domain, settings.dkim_selector, key, str(settings.dkim_key_file))

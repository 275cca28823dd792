"""What the providers have in common that are one company's HTTP API."""

import sys
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features
from engine.channels.objection import object_to
from engine.channels.provider import Line as Line
from engine.channels.provider import Paced
from engine.channels.retry_after import read_retry_after
from engine.channels.secret import read_secret
from engine.channels.unanswered import unanswered
from engine.channels.words import addresses, discreet
from engine.duration import Duration
from engine.errors import ProviderError
from engine.guard import is_near
from engine.heard import Heard
from engine.message import Message
from engine.net import Http, NoReplyError, NotSentError, Reply
from engine.notification import Channel
from engine.pool import OverrunError
from engine.reason import Reason

#: What a refusal by its HTTP status comes to, where the vendor's own words say nothing better.
_STATUSES = {401: Reason.PROVIDER_AUTH, 403: Reason.PROVIDER_AUTH, 402: Reason.PROVIDER_NO_CREDIT}
#: "Not now": certainly not taken.
_BUSY = (429, 503)
_MOST_REF = 200


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write a whole address without a query, like https://api.example.com")
    if parts.username is not None:
        raise ValueError("write the address alone; user and password have settings of their own")
    if parts.scheme == "http" and not is_near(parts.hostname):
        raise ValueError("write https://: what crosses the internet unencrypted can be read by others")
    return url.rstrip("/")


VendorAddress = Annotated[str, AfterValidator(_address)]


class VendorSettings(Paced):
    """What the settings of every vendor have: one secret, as `NAME` or as `NAME_file`, and a time-out."""

    timeout: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""

    @model_validator(mode="after")
    def _has_each_secret_once(self) -> Self:
        for name, field in type(self).model_fields.items():
            value, file = getattr(self, name), getattr(self, f"{name}_file", None)
            if field.annotation != SecretStr | None:
                continue
            if value is not None and file is not None:
                raise ValueError(f"give {name} or {name}_file, one of them")
            if value is None and file is None and name not in ("reports_token", "inbound_token"):
                raise ValueError(f"give {name}, or {name}_file: a file that holds it")
        return self

    def secret(self, name: str) -> str:
        """The secret called `name`, from its own setting or its file; "" when neither is given.

        Raises ProviderError when the file cannot be read, or holds what cannot be sent.
        """
        file: Path | None = getattr(self, f"{name}_file")
        found = read_secret(getattr(self, name), file, f"the {name.replace('_', ' ')}")
        if not found.isprintable():
            raise ProviderError(
                f"the {name.replace('_', ' ')} holds a line break or another character that cannot be sent",
                place=str(file or ""),
                remedy="write it on one line, nothing else",
            )
        return found


class Vendor:
    """A provider that takes a message by one HTTP request. A subclass writes the request and reads the reply."""

    channels: frozenset[Channel] = frozenset({Channel.SMS})
    provider_class = ProviderClass.OPAQUE
    key_life = timedelta(0)
    features = Features()
    #: Tables of the vendor's own codes, by what they say: for `docs/providers.md`.
    codes: Mapping[str, Mapping[Any, Any]] = {}
    #: How many parts it joins at most.
    most_parts = 10
    #: At least so long between two questions what became of a message, where it can be asked.
    poll_gap: timedelta | None = timedelta(0)
    #: Whether it carries characters beyond U+FFFF.
    astral = True

    def __init__(self, name: str, settings: VendorSettings, http: Http, callback: str) -> None:
        """`callback` is the address at which the vendor reaches us."""
        self.name = name
        self.timeout = settings.timeout
        self._http = http
        self._callback = callback
        self._hidden: tuple[str, ...] = ()

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message` under our reference."""
        most = sys.maxsize if message.channel is Channel.FAX else self.most_parts  # pages have no parts
        objection = object_to(message, most_parts=most, astral=self.astral)
        return objection or await self._hand_over(message, client_ref)

    async def ask(self, client_ref: str) -> Answer:
        """Was the message under this reference taken? An opaque vendor cannot be asked."""
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")

    def thank_inbound(self, body: bytes) -> str:
        """What the vendor is told of a text from a phone that is kept: nothing."""
        return ""

    async def close(self) -> None:
        """Nothing is kept open; the HTTP client belongs to whoever made it."""

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        raise NotImplementedError

    async def _ask_who_we_are(self, url: str, headers: Mapping[str, str]) -> Answer:
        """What the answer to a question that changes nothing says of our name and password."""
        reply = await self._call("GET", url, headers=headers)
        if isinstance(reply, Answer):
            return reply
        if reply.status == 200:  # whose body may hold more than we want to know
            return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
        return judge(reply, discreet(reply.body, *self._hidden))

    async def _call(self, method: str, url: str, **how: Any) -> Reply | Answer:
        """A whole reply, or what its absence means."""
        try:
            return await self._http.request(method, url, timeout=self.timeout, **how)
        except (NotSentError, NoReplyError) as error:
            return unanswered(error)

    def _heard(
        self, sender: str, to: str | None, text: str | None, *, ref: str = "", at: datetime | None = None
    ) -> Heard:
        """A text that the vendor brought from a phone. `ref`: its own name for it; `at`: when it had it."""
        return Heard(
            provider=self.name,
            provider_ref=ref,
            sender=sender,
            recipient=to or "",
            text=text or "",
            at=at or datetime.now(UTC),
        )

    def _words(self, said: bytes | str, message: Message) -> str:
        """The vendor's own words without number, text and secret."""
        return discreet(said, message.text, *self._hidden, *addresses(message.address))


def accepted(ref: str, detail: str) -> Answer:
    """It was taken, under the vendor's own reference."""
    return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, provider_ref=ref[:_MOST_REF], detail=detail)


def refused(reason: Reason, detail: str) -> Answer:
    """It will never be taken."""
    return Answer(outcome=Outcome.REFUSED, reason=reason, detail=detail)


def busy(detail: str, wait: timedelta | None = None) -> Answer:
    """It was certainly not taken, and may be later."""
    return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_BUSY, detail=detail, retry_after=wait)


def unknown(detail: str) -> Answer:
    """It may have been taken."""
    return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)


def judge(reply: Reply, words: str, reason: Reason | None = None) -> Answer:
    """What a reply means that is no yes, by its status; `reason` is what the vendor's own code says of a no."""
    detail = f"HTTP {reply.status}: {words}"
    if reply.status in _BUSY:
        return busy(detail, read_retry_after(reply.headers))
    if 400 <= reply.status < 500:
        return refused(reason or _STATUSES.get(reply.status, Reason.PROVIDER_REFUSED), detail)
    return unknown(detail)


async def draw(message: Message, sender: str) -> bytes:
    """The message and its files as the PDF of a fax. Raises ProviderError when they cannot be drawn."""
    from engine.channels.mail.letter import attach
    from engine.channels.paper.press import press

    try:
        return (await press(message.text, sender, datetime.now(UTC), attach(message.media))).pdf
    except (ValueError, OverrunError) as error:
        raise ProviderError(str(error)) from None


def basic(user: str, password: str) -> str:
    """The header `Authorization` of HTTP basic authentication (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def life(message: Message) -> timedelta | None:
    """How long the message is still worth something, one second at least; nothing when it never expires."""
    if message.not_after is None:
        return None
    return max(message.not_after - datetime.now(UTC), timedelta(seconds=1))


def inbound_of(callback: str) -> str:
    """The address for texts from phones, beside the one for delivery reports."""
    return callback.replace("/callbacks/", "/inbound/")

"""Twilio's Messages API: SMS, MMS, and RCS from a branded sender. It knows no reference of ours, so it is opaque.

Its delivery reports are signed: HMAC-SHA1 over the exact address they were sent to and every field, with the
account's auth token. Source: Twilio, "Messages resource", "Error and warning dictionary", "Validating requests".
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_core import from_json

from engine.answer import Answer
from engine.channels.capability import Capabilities
from engine.channels.carrying import RICH, Carrying, Limits, divide
from engine.channels.features import Features
from engine.channels.proof import lower, same
from engine.channels.vendor import (
    Line,
    Vendor,
    VendorAddress,
    VendorSettings,
    accepted,
    basic,
    busy,
    inbound_of,
    judge,
    life,
    refused,
    unknown,
)
from engine.channels.words import discreet
from engine.document import Flag
from engine.heard import Heard
from engine.message import Message
from engine.net import Http, Reply
from engine.notification import Channel
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

#: Twilio's codes for a no to our request.
_REASONS = {
    20003: Reason.PROVIDER_AUTH,
    21211: Reason.BAD_NUMBER,
    21217: Reason.BAD_NUMBER,
    21421: Reason.BAD_NUMBER,
    21614: Reason.NOT_MOBILE,
    21610: Reason.NO_CONSENT,  # the receiver has written STOP
    21617: Reason.TOO_LONG,
    63106: Reason.NOT_CAPABLE,  # no RCS there
}
#: "Not now": too many requests · the sender's queue is full · the account's queue is full.
_BUSY = (20429, 21611, 30001)
#: Twilio's codes for why a message did not arrive.
_WHY = {
    30002: Reason.PROVIDER_REFUSED,  # account suspended
    30003: Reason.PHONE_OFF,
    30004: Reason.BARRED,
    30005: Reason.BAD_NUMBER,
    30006: Reason.NOT_MOBILE,
    30007: Reason.FILTERED,
    30011: Reason.NOT_CAPABLE,  # no MMS there
    63106: Reason.NOT_CAPABLE,  # no RCS there
    30032: Reason.FILTERED,  # a toll-free sender that nobody has verified
    30034: Reason.FILTERED,  # a sender of the United States that is not registered
    30450: Reason.PROVIDER_REFUSED,  # protected against SMS pumping
    21610: Reason.NO_CONSENT,
}
_FATES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), Fate.SENT),
    "delivered": Fate.DELIVERED,
    "read": Fate.READ,
    **dict.fromkeys(("undelivered", "failed", "canceled"), Fate.UNDELIVERED),
}
_REASON_OF = {Fate.SENT: Reason.ACCEPTED, Fate.DELIVERED: Reason.DELIVERED, Fate.READ: Reason.READ}
_MOST_FIELDS = 200
#: "Accepted content types for media". How many files one RCS message can have it does not say.
_LIMITS = {
    Channel.MMS: Carrying(most=10, bytes=5_000_000),
    Channel.RCS: Carrying(most=1, bytes=16_000_000, types=RICH),
}
#: The most seconds that Twilio keeps a message in its queue.
_LONGEST = 36_000


class TwilioSettings(VendorSettings):
    """How Twilio is written in `config/engine.yaml`."""

    driver: Literal["twilio"]
    url: VendorAddress = "https://api.twilio.com"
    """Its address."""
    account: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    """The Account SID."""
    token: SecretStr | None = None
    token_file: Path | None = None
    """A file that holds the account's auth token: it signs in, and it proves delivery reports."""
    sender: Line = ""
    """A number of yours at Twilio, or up to 11 letters and digits where the country allows it."""
    service: str = Field(default="", pattern=r"^(MG[0-9a-fA-F]{32})?$")
    """The SID of a Messaging Service, which chooses the sender."""
    rcs_sender: Line = ""
    """The id of an approved RCS sender; with it the provider carries RCS."""
    reports: Flag = True
    """Ask for delivery reports. Twilio must be able to reach `web: public`, exactly as it is written."""

    @model_validator(mode="after")
    def _has_a_sender(self) -> "TwilioSettings":
        if not (self.sender or self.service):
            raise ValueError("write who sends: sender (a number of yours at Twilio), or service (MG…)")
        return self

    def carries(self) -> frozenset[Channel]:
        """SMS and MMS; RCS once it has a sender."""
        rcs = {Channel.RCS} if self.rcs_sender else set()
        return frozenset({Channel.SMS, Channel.MMS, *rcs})


class _Said(Noun):
    """What Twilio says of a message, or of what is wrong with the request."""

    sid: str = ""
    status: str | int = ""
    code: int = 0
    error_code: int | None = None
    message: str = ""


class TwilioProvider(Vendor):
    """Speaks to Twilio's Messages API."""

    channels = frozenset({Channel.SMS, Channel.MMS, Channel.RCS})
    limits: Limits = _LIMITS
    features = Features(validity=True, reads=frozenset({Channel.RCS}))
    codes: Mapping[str, Mapping[Any, Any]] = {"its answer": _REASONS, "a report's error": _WHY, "a report": _FATES}

    def __init__(self, name: str, settings: TwilioSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when the token's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self.channels = settings.carries()
        self._settings = settings
        self._able = Capabilities()
        self._token = settings.secret("token")
        self._hidden = (self._token, settings.account)
        self._headers = {"Authorization": basic(settings.account, self._token)}
        self._messages = f"{settings.url}/2010-04-01/Accounts/{settings.account}/Messages"

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        # Twilio has no way to ask beforehand: its no is the check, and it is remembered.
        if self._able.of(message) is False:
            return refused(Reason.NOT_CAPABLE, "it said so before")
        form = urlencode(list(self._fields(message, client_ref))).encode()
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        reply = await self._call("POST", f"{self._messages}.json", data=form, headers=headers)
        return reply if isinstance(reply, Answer) else self._understand(reply, message)

    def _fields(self, message: Message, client_ref: str) -> Iterator[tuple[str, str]]:
        rcs = message.channel is Channel.RCS
        yield "To", f"rcs:{message.address}" if rcs else message.address
        if rcs:
            yield "From", f"rcs:{self._settings.rcs_sender}"
        elif self._settings.sender:
            yield "From", self._settings.sender
        if self._settings.service:
            yield "MessagingServiceSid", self._settings.service
        media, text = divide(message, self.limits)
        yield "Body", text
        for each in media:
            yield "MediaUrl", each.url
        if message.channel is Channel.MMS:
            yield "SendAsMms", "true"
        if self._settings.reports:
            yield "StatusCallback", f"{self._callback}?{urlencode({'ref': client_ref})}"
        left = life(message)
        if left is not None:
            yield "ValidityPeriod", str(min(int(left.total_seconds()), _LONGEST))

    def _understand(self, reply: Reply, message: Message) -> Answer:
        words = self._words(reply.body, message)
        try:
            said = _Said.model_validate_json(reply.body)
        except ValueError:
            # A no needs no words of Twilio's to be one; a yes does.
            return judge(reply, words) if reply.status >= 400 else unknown(words)
        if reply.status == 201 and said.sid:
            return accepted(said.sid, f"{said.status}")
        words = self._words(f"{said.code}: {said.message}", message)
        if said.code in _BUSY and reply.status >= 400:
            return busy(words, judge(reply, words).retry_after)
        if _REASONS.get(said.code) is Reason.NOT_CAPABLE and message.channel is not Channel.SMS:
            self._able.note(message.channel, message.address, False)
        return judge(reply, words, _REASONS.get(said.code))

    async def sign_in(self) -> Answer:
        """Ask for the account."""
        return await self._ask_who_we_are(f"{self._messages.removesuffix('/Messages')}.json", self._headers)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The report in Twilio's request. Raises PermissionError when it is not signed, ValueError for garbage."""
        fields = self._proven(self._callback, lower(headers), query, body)
        sid, word = fields.get("MessageSid", ""), fields.get("MessageStatus", "")
        error = fields.get("ErrorCode") or "0"
        if not 0 < len(sid) <= 200 or word not in _FATES or not error.isascii() or not error.isdecimal():
            raise ValueError("not a delivery report of Twilio")
        return [self._report(query.get("ref", "")[:200], sid, word, int(error[:6]))]

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What Twilio says became of a message; nothing when it does not say."""
        reply = await self._call("GET", f"{self._messages}/{provider_ref}.json", headers=self._headers)
        if isinstance(reply, Answer) or reply.status != 200:
            return None
        try:
            said = _Said.model_validate_json(reply.body)
        except ValueError:
            return None
        if said.sid != provider_ref or said.status not in _FATES:
            return None
        return self._report(client_ref, said.sid, str(said.status), said.error_code or 0)

    def _report(self, ref: str, sid: str, word: str, error: int) -> DeliveryReport:
        fate = _FATES[word]
        reason = _REASON_OF.get(fate)
        return DeliveryReport(
            provider=self.name,
            client_ref=ref,
            provider_ref=sid,
            fate=fate,
            reason=reason or _WHY.get(error, Reason.UNDELIVERED),
            at=datetime.now(UTC),
            detail=discreet(f"{word} ({error})" if error else word),
        )

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The text in Twilio's request. Raises PermissionError when it is not signed, ValueError for garbage."""
        fields = self._proven(inbound_of(self._callback), lower(headers), query, body)
        sid = fields.get("MessageSid", "")
        if not 0 < len(sid) <= 200 or "Body" not in fields:
            raise ValueError("not a text from Twilio")
        sender, to = (fields.get(name, "").removeprefix("rcs:") for name in ("From", "To"))
        return [self._heard(sender, to, fields["Body"], ref=sid)]

    def thank_inbound(self, body: bytes) -> str:
        """TwiML that sends nothing: anything that is no TwiML is an error, or an answer to the phone."""
        return '<?xml version="1.0" encoding="UTF-8"?><Response/>'

    def _proven(
        self, address: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        """The fields of a request to `address` that Twilio has signed. Raises PermissionError when it has not."""
        is_form = "bodySHA256" not in query
        pairs: list[tuple[str, str]] = []
        if is_form:
            try:
                text = body.decode("utf-8", "surrogateescape")
                pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
            except ValueError:
                raise PermissionError("no signature covers so many fields") from None
        elif not same(query["bodySHA256"], hashlib.sha256(body).hexdigest()):
            raise PermissionError("the body is not the one that was signed")
        url = address + (f"?{urlencode(list(query.items()), errors='replace')}" if query else "")
        shown = headers.get("x-twilio-signature", "")
        if not any(same(shown, self._sign(each, pairs)) for each in _ports(url)):
            raise PermissionError("the request is not signed by Twilio")
        return dict(pairs) if is_form else _texts(from_json(body))

    def _sign(self, url: str, pairs: list[tuple[str, str]]) -> str:
        signed = url + "".join(name + value for name, value in sorted(set(pairs)))
        digest = hmac.new(self._token.encode(), signed.encode(errors="surrogateescape"), hashlib.sha1)
        return b64encode(digest.digest()).decode()


def _ports(url: str) -> Iterator[str]:
    """The address with and without its port: Twilio is not of one mind which of them it signs."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}") if parts.port else parts.netloc
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 443)
    yield parts._replace(netloc=host).geturl()
    yield parts._replace(netloc=f"{host}:{port}").geturl()


def _texts(tree: Any) -> Mapping[str, str]:
    if not isinstance(tree, dict):
        raise ValueError("not a delivery report of Twilio")
    return {name: str(value) for name, value in tree.items() if isinstance(value, str | int)}

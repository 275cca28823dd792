"""Kannel's sendsms: the gateway that many run themselves. It gives no id and remembers none, so its class is opaque.

Delivery reports are requests that Kannel makes to the address it was handed with the message (`dlr-url`): our own
reference stands in it, and a proof that the address is one we handed out.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features
from engine.channels.objection import object_to
from engine.channels.proof import Proof, check_token
from engine.channels.provider import Line, Paced
from engine.channels.secret import read_secret
from engine.channels.unanswered import unanswered
from engine.channels.vendor import judge
from engine.channels.words import addresses, discreet
from engine.document import Flag
from engine.duration import Duration
from engine.heard import Heard
from engine.message import Message
from engine.net import Http, NoReplyError, NotSentError, Reply
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.segments import Alphabet, count

#: Kannel's bits of what became of a message -> ours. They come in any order, and some come twice.
_FATES = {
    "1": (Fate.DELIVERED, Reason.DELIVERED),
    "2": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "4": (Fate.SENT, Reason.ACCEPTED),  # it waits in the network for the phone
    "8": (Fate.SENT, Reason.ACCEPTED),  # the network took it
    # The network refused what Kannel had taken: it left our system, and will not arrive.
    "16": (Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
}
#: All of the above.
_EVERYTHING = "31"
#: How Kannel says a text from a phone is written.
_CHARSETS = {"UTF-8": "utf-8", "GSM": "utf-8", "UTF-16BE": "utf-16-be"}
#: A moment beyond this is no moment: the year 2100.
_LATEST = 4_102_444_800


class KannelSettings(Paced):
    """How a Kannel is written in `config/engine.yaml`."""

    driver: Literal["kannel"]
    url: str = "http://127.0.0.1:13013/cgi-bin/sendsms"
    """Its sendsms, as its smsbox serves it."""
    user: Line = Field(min_length=1)
    """The username of the sendsms-user."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    sender: Line = Field(default="", max_length=20)
    """What the phone shows; empty: Kannel's own default."""
    smsc: Line = Field(default="", max_length=100)
    """The smsc-id to send through; empty: Kannel chooses."""
    parts: int = Field(default=10, ge=1, le=255)
    """Its `max-messages`: a text of more parts, which it would cut off, is refused before anything is sent."""
    reports: Flag = True
    """Ask for delivery reports. Kannel must be able to reach `web: public`."""
    inbound_token: SecretStr | None = None
    inbound_token_file: Path | None = None
    """A file that holds a secret of your choice: the post-url for texts from phones carries it as token."""
    timeout: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write the address of sendsms, like http://127.0.0.1:13013/cgi-bin/sendsms")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("write the address alone; user and password have settings of their own")
        return url

    @model_validator(mode="after")
    def _has_one_password(self) -> "KannelSettings":
        if (self.password is None) == (self.password_file is None):
            raise ValueError("give the password of the sendsms-user: password or password_file, one of them")
        if self.inbound_token is not None and self.inbound_token_file is not None:
            raise ValueError("give inbound_token or inbound_token_file, one of them")
        return self


class KannelProvider:
    """Speaks to one Kannel."""

    channels = frozenset({Channel.SMS})
    provider_class = ProviderClass.OPAQUE
    key_life = timedelta(0)
    features = Features(on_site=True)

    def __init__(self, name: str, settings: KannelSettings, http: Http, callback: str) -> None:
        """`callback` is the address at which Kannel reaches us."""
        self.name = name
        self.timeout = settings.timeout
        self._settings = settings
        self._http = http
        self._callback = callback
        self._password = read_secret(settings.password, settings.password_file, "the sendsms-user's password")
        self._proof = Proof(name, self._password)
        token, file = settings.inbound_token, settings.inbound_token_file
        self._token = read_secret(token, file, "the token of the post-url")

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message`; our reference travels in the address for its reports."""
        objection = object_to(message, most_parts=self._settings.parts)
        if objection is not None:
            return objection
        fields = {
            "username": self._settings.user,
            "password": self._password,
            "to": message.address,
            "text": message.text,
            "charset": "utf-8",
        }
        if self._settings.sender:
            fields["from"] = self._settings.sender
        if self._settings.smsc:
            fields["smsc"] = self._settings.smsc
        # Kannel replaces what the 7-bit alphabet lacks by question marks unless it is told: coding 2 is UCS-2.
        if count(message.text).alphabet is Alphabet.UCS2:
            fields["coding"] = "2"
        if self._settings.reports:
            fields["dlr-mask"] = _EVERYTHING
            fields["dlr-url"] = self._report_address(client_ref)
        reply = await self._call(fields)
        if isinstance(reply, Answer):
            return reply
        said = discreet(reply.body, message.text, self._password, *addresses(message.address))
        return _understand(reply, said)

    async def ask(self, client_ref: str) -> Answer:
        """Kannel cannot be asked."""
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")

    async def sign_in(self) -> Answer:
        """A message to nobody: Kannel looks at name and password first, and refuses it then."""
        fields = {"username": self._settings.user, "password": self._password}
        reply = await self._call(fields)
        if isinstance(reply, Answer):
            return reply
        if reply.status == 400:
            return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
        return _understand(reply, discreet(reply.body, self._password))

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The report in Kannel's request. Raises PermissionError when forged, ValueError when garbage."""
        ref = self._proof.check(query)
        moment = query.get("at", "")
        if query.get("status") not in _FATES or not (moment.isascii() and moment.isdecimal()):
            raise ValueError("not a delivery report of Kannel")
        if len(moment) > 10 or int(moment) > _LATEST:
            raise ValueError("a delivery report of Kannel from beyond time")
        fate, reason = _FATES[query["status"]]
        return [
            DeliveryReport(
                provider=self.name,
                client_ref=ref,
                provider_ref=query.get("id", "")[:200],
                fate=fate,
                reason=reason,
                at=datetime.fromtimestamp(int(moment), UTC),
                detail=discreet(query.get("answer", "")),
            )
        ]

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The text in Kannel's post-url. Raises PermissionError when forged, ValueError when garbage.

        ``…/inbound/NAME?token=SECRET&from=%p&to=%P&charset=%C&at=%T&id=%I``: Kannel fills in who, to whom, how the
        body is written, when, and its own id. (A get-url cannot carry every text: Kannel leaves UCS-2 as it is.)
        """
        check_token(query, headers, self._token)
        charset, moment = query.get("charset", ""), query.get("at", "")
        if charset not in _CHARSETS or not re.fullmatch(r"[0-9]{1,10}", moment) or int(moment) > _LATEST:
            raise ValueError("not a text as Kannel brings it")
        return [
            Heard(
                provider=self.name,
                provider_ref=query.get("id", ""),
                sender=query.get("from", "").strip(),
                recipient=query.get("to", "").strip(),
                text=body.decode(_CHARSETS[charset], "replace"),
                at=datetime.fromtimestamp(int(moment), UTC),
            )
        ]

    def thank_inbound(self, body: bytes) -> str:
        """Nothing: Kannel sends to the phone whatever it is answered."""
        return ""

    async def close(self) -> None:
        """Nothing is kept open; the HTTP client belongs to whoever made it."""

    async def _call(self, fields: Mapping[str, str]) -> Reply | Answer:
        """A whole reply, or what its absence means."""
        try:
            return await self._http.request("GET", f"{self._settings.url}?{urlencode(fields)}", timeout=self.timeout)
        except (NotSentError, NoReplyError) as error:
            return unanswered(error)

    def _report_address(self, client_ref: str) -> str:
        # Kannel fills in: what became of it, when, the network's own id and its words.
        return f"{self._proof.address(self._callback, client_ref)}&status=%d&at=%T&id=%F&answer=%A"


def _understand(reply: Reply, said: str) -> Answer:
    if reply.status == 202 and reply.body.startswith((b"0:", b"3:")):  # accepted · kept until a link is up
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED, detail=said)
    # 403 is both a wrong password and a message that no smsc carries.
    auth = reply.status in (401, 403) and not reply.body.startswith(b"Not routable")
    return judge(reply, said, Reason.PROVIDER_AUTH if auth else Reason.PROVIDER_REFUSED)

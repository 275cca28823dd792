"""The virtual phone that ships with the product (`tocsin phone`): a provider that can be told how to fail.

It takes mail and fax too, so that every road can be tried.
"""

import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator, model_validator

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.features import Features
from engine.channels.objection import object_to, object_to_mail
from engine.channels.proof import lower, same
from engine.channels.provider import Line, Paced
from engine.channels.retry_after import read_retry_after
from engine.channels.secret import read_secret
from engine.channels.unanswered import unanswered
from engine.document import Flag
from engine.duration import Duration
from engine.heard import MOST_NUMBER, Heard
from engine.message import Message
from engine.net import Http, NoReplyError, NotSentError, Reply
from engine.notification import Channel
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class FakeSettings(Paced):
    """How a virtual phone is written in `config/engine.yaml`."""

    driver: Literal["fake"] = "fake"
    url: str = "http://127.0.0.1:8026"
    """Where the phone listens."""
    provider_class: ProviderClass = Field(default=ProviderClass.IDEMPOTENT, alias="class")
    """What the phone promises; so that each can be tried."""
    timeout: Duration = Field(default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""
    key_life: Duration = timedelta(hours=24)
    """idempotent: how long the phone knows a reference again."""
    token: SecretStr | None = None
    """Both ways: we show it when we send, the phone shows it when it reports."""
    token_file: Path | None = None
    """A file that holds the token, so that it need not stand in engine.yaml."""
    sender: Line = Field(default="Tocsin", min_length=1, max_length=15)
    """What the phone shows."""
    polled: Flag = False
    """Ask the phone what became of a message when it does not report."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write the phone's address as http://127.0.0.1:8026")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("write only scheme, host and port; the secret goes into token")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _a_stranger_needs_a_token(self) -> "FakeSettings":
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        if self.token is None and self.token_file is None and urlsplit(self.url).hostname not in _LOOPBACK:
            raise ValueError("a phone that is not on this machine needs a token or a token_file")
        return self


class _Taken(Noun):
    """The phone's yes."""

    id: str = Field(min_length=1, max_length=200)


class _Report(Noun):
    """One delivery report as the phone sends it."""

    ref: str = Field(min_length=1, max_length=200)
    id: str = Field(default="", max_length=200)
    status: str
    at: AwareDatetime


class _Text(Noun):
    """A text that somebody wrote on the phone."""

    id: str = Field(min_length=1, max_length=200)
    sender: str = Field(alias="from", min_length=1, max_length=MOST_NUMBER)
    to: str = Field(default="", max_length=MOST_NUMBER)
    text: str = ""
    at: AwareDatetime


#: The phone's word for its no -> ours.
_REFUSALS = {
    "bad_number": Reason.BAD_NUMBER,
    "auth": Reason.PROVIDER_AUTH,
    "no_credit": Reason.PROVIDER_NO_CREDIT,
    "not_capable": Reason.NOT_CAPABLE,
}
#: Where the word is missing, the status speaks.
_STATUSES = {401: Reason.PROVIDER_AUTH, 403: Reason.PROVIDER_AUTH, 402: Reason.PROVIDER_NO_CREDIT}
#: The phone's word for what became of it -> ours.
_REPORTS = {
    "delivered": (Fate.DELIVERED, Reason.DELIVERED),
    "read": (Fate.READ, Reason.READ),
    "undelivered": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "phone_off": (Fate.UNDELIVERED, Reason.PHONE_OFF),
    "phone_full": (Fate.UNDELIVERED, Reason.PHONE_FULL),
}


class FakeProvider:
    """Speaks to one virtual phone. Its class is a setting, so that each way of resolving can be tried."""

    channels = frozenset(Channel)
    features = Features(on_site=True, reads=frozenset({Channel.RCS}))

    def __init__(self, name: str, settings: FakeSettings, http: Http, _callback: str = "") -> None:
        self.name = name
        self.provider_class = settings.provider_class
        self.key_life = settings.key_life
        self.timeout = settings.timeout
        self.poll_gap = timedelta(0) if settings.polled else None
        self._settings = settings
        self._http = http
        token = read_secret(
            settings.token, settings.token_file, "the token that the phone was given with --token-file"
        )
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Hand over `message` under our reference."""
        mail = message.channel is Channel.EMAIL
        if objection := object_to_mail(message) if mail else object_to(message, most_parts=_most_parts(message)):
            return objection
        body = {
            "ref": client_ref,
            "to": message.address,
            "channel": message.channel.value,
            "text": message.text,
            "from": self._settings.sender,
            "class": self.provider_class.value,
            "media": [
                {"name": each.name, "type": each.media_type, "bytes": len(each.body), "url": each.url}
                for each in message.media
            ],
        }
        return await self._call("POST", "/send", body)

    async def ask(self, client_ref: str) -> Answer:
        """Was the message under this reference taken? The phone answers 404 when it was not."""
        if self.provider_class is not ProviderClass.QUERYABLE:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="it cannot be asked")
        answer = await self._call("GET", f"/sent/{quote(client_ref, safe='')}", None)
        if answer.outcome is Outcome.ACCEPTED:
            return answer.model_copy(update={"reason": Reason.ASKED})
        if answer.reason is Reason.NOT_TAKEN:
            return answer
        # Busy, unreachable or refused: we were told nothing, so we know no more than before.
        return answer.model_copy(update={"outcome": Outcome.UNKNOWN, "reason": Reason.NO_ANSWER})

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What the phone says became of a message; nothing when it does not say."""
        try:
            url = f"{self._settings.url}/became/{quote(client_ref, safe='')}"
            reply = await self._http.request("GET", url, headers=self._headers, timeout=self.timeout)
            return self._read(reply.body) if reply.status == 200 else None
        except (NotSentError, NoReplyError, ValueError):
            return None

    async def sign_in(self) -> Answer:
        """Ask for a message that nobody sent: the phone looks at the token first."""
        answer = await self._call("GET", "/sent/doctor", None)
        if answer.reason is Reason.NOT_TAKEN:
            return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ACCEPTED)
        return answer

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The report in a callback's request. Raises PermissionError when forged, ValueError when garbage."""
        self._check_token(headers)
        return [self._read(body)]

    def _read(self, body: bytes) -> DeliveryReport:
        try:
            report = _Report.model_validate_json(body)
            fate, reason = _REPORTS[report.status]
        except (ValidationError, KeyError):
            raise ValueError("not a delivery report of the virtual phone") from None
        return DeliveryReport(
            provider=self.name,
            client_ref=report.ref,
            provider_ref=report.id,
            fate=fate,
            reason=reason,
            at=report.at,
        )

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The text in the phone's request. Raises PermissionError when forged, ValueError when garbage."""
        self._check_token(headers)
        try:
            said = _Text.model_validate_json(body)
        except ValidationError:
            raise ValueError("not a text from the virtual phone") from None
        return [
            Heard(
                provider=self.name,
                provider_ref=said.id,
                sender=said.sender,
                recipient=said.to,
                text=said.text,
                at=said.at,
            )
        ]

    def thank_inbound(self, body: bytes) -> str:
        """Nothing: the phone looks at the status."""
        return ""

    async def close(self) -> None:
        """Nothing is kept open; the HTTP client belongs to whoever made it."""

    def _check_token(self, headers: Mapping[str, str]) -> None:
        if not self._headers:
            return  # only a phone on this machine may go without
        if not same(lower(headers).get("authorization", ""), self._headers["Authorization"]):
            raise PermissionError("the callback does not show the shared token")

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Answer:
        try:
            reply = await self._http.request(
                method, self._settings.url + path, json=body, headers=self._headers, timeout=self.timeout
            )
        except (NotSentError, NoReplyError) as error:
            return unanswered(error)
        return _understand(reply, asked=method == "GET")


def _most_parts(message: Message) -> int:
    """The number of a part is one byte; pages have no parts."""
    return 255 if message.channel is Channel.SMS else sys.maxsize


def _understand(reply: Reply, *, asked: bool) -> Answer:
    # Only the status and words of our own go into `detail`: the phone's text may repeat the number.
    detail = f"HTTP {reply.status}"
    if reply.status == 200:
        try:
            return Answer(
                outcome=Outcome.ACCEPTED,
                reason=Reason.ACCEPTED,
                provider_ref=_Taken.model_validate_json(reply.body).id,
            )
        except ValidationError:
            return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="the answer makes no sense")
    if reply.status == 429 or reply.status == 503:
        return Answer(
            outcome=Outcome.NOT_TAKEN,
            reason=Reason.PROVIDER_BUSY,
            detail=detail,
            retry_after=read_retry_after(reply.headers),
        )
    if asked and reply.status == 404 and _read_error(reply.body) == "not_found":
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.NOT_TAKEN, detail=detail)
    if 400 <= reply.status < 500:
        word = _read_error(reply.body)
        reason = _REFUSALS.get(word) or _STATUSES.get(reply.status, Reason.PROVIDER_REFUSED)
        return Answer(outcome=Outcome.REFUSED, reason=reason, detail=detail)
    return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=detail)


def _read_error(body: bytes) -> str:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""

"""ClickSend, REST v3: SMS, and fax. It echoes our reference and promises no dedup, so it is opaque.

It signs no callback: whoever knows their address is believed. Source: ClickSend, "Send SMS", "Upload media file",
"Send fax", "Application status codes" and "SMS error codes".
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr
from pydantic_core import from_json

from engine.answer import Answer, Outcome
from engine.channels.features import Features
from engine.channels.form import read_form
from engine.channels.objection import not_sent
from engine.channels.proof import check_token
from engine.channels.vendor import (
    Line,
    Vendor,
    VendorAddress,
    VendorSettings,
    accepted,
    basic,
    busy,
    draw,
    judge,
    refused,
    unknown,
)
from engine.channels.words import discreet
from engine.errors import ProviderError
from engine.heard import Heard
from engine.message import Message
from engine.net import Http, Reply
from engine.notification import Channel
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

_OK = "SUCCESS"
_REASONS = {
    "INVALID_RECIPIENT": Reason.BAD_NUMBER,
    "INSUFFICIENT_CREDIT": Reason.PROVIDER_NO_CREDIT,
    "MISSING_CREDENTIALS": Reason.PROVIDER_AUTH,
    "INVALID_CREDENTIALS": Reason.PROVIDER_AUTH,
    "ACCOUNT_NOT_ACTIVATED": Reason.PROVIDER_AUTH,
    "UNAUTHORIZED": Reason.PROVIDER_AUTH,
    "COUNTRY_NOT_ENABLED": Reason.PROVIDER_REFUSED,
    "INVALID_SENDER_ID": Reason.PROVIDER_REFUSED,
    "EMPTY_MESSAGE": Reason.PROVIDER_REFUSED,
    "FAX_RECIPIENT_BLOCKED": Reason.BARRED,
}
#: The same text went to the same number a moment ago: this one was not taken.
_AGAIN = "THROTTLED"
_FATES = {
    "200": (Fate.SENT, Reason.ACCEPTED),
    "300": (Fate.SENT, Reason.ACCEPTED),  # it failed for now, and is tried again there
    "201": (Fate.DELIVERED, Reason.DELIVERED),
    "301": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "302": (Fate.UNDELIVERED, Reason.UNDELIVERED),
}


class ClicksendSettings(VendorSettings):
    """How ClickSend is written in `config/engine.yaml`."""

    driver: Literal["clicksend"]
    url: VendorAddress = "https://rest.clicksend.com/v3"
    """Its address."""
    user: Line = Field(min_length=1)
    """The name to sign in with."""
    key: SecretStr | None = None
    key_file: Path | None = None
    """A file that holds the API key, so that it need not stand in engine.yaml."""
    sender: Line = Field(default="", max_length=20)
    """What the phone shows: +47…, or up to 11 letters; empty: a number that ClickSend shares out."""
    fax_sender: Line = Field(default="", max_length=60)
    """Who stands at the head of a fax; empty: `sender`."""
    reports_token: SecretStr | None = None
    reports_token_file: Path | None = None
    """A file that holds a secret of your choice: the address for receipts ends in ?token= and this secret."""

    def reporting(self) -> bool:
        """Only where whoever reports can prove who it is."""
        return self.reports_token is not None or self.reports_token_file is not None


class _Taken(Noun):
    id: str | None = Field(alias="message_id", default="")
    status: str = ""


class _Messages(Noun):
    messages: tuple[_Taken, ...] = Field(min_length=1)


class _Reply(Noun):
    code: str = Field(alias="response_code", default="")
    words: str | None = Field(alias="response_msg", default="")
    data: Any = None


class _Upload(Noun):
    url: str = Field(alias="_url", min_length=1, max_length=2000)


class ClicksendProvider(Vendor):
    """Speaks to ClickSend's REST API v3."""

    channels = frozenset({Channel.SMS, Channel.FAX})
    features = Features()
    codes: Mapping[str, Mapping[Any, Any]] = {"its answer": _REASONS, "a receipt": _FATES}
    most_parts = 8

    def __init__(self, name: str, settings: ClicksendSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when a secret's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self._settings = settings
        key = settings.secret("key")
        self._token = settings.secret("reports_token")
        self._hidden = (key, self._token)
        self._headers = {"Authorization": basic(settings.user, key)}

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        entry = {"source": "tocsin", "to": message.address, "custom_string": client_ref}
        if self._settings.sender:
            entry["from"] = self._settings.sender
        if message.channel is not Channel.FAX:
            return await self._post("sms/send", {"messages": [{**entry, "body": message.text}]}, message)
        file = await self._upload(message)
        if isinstance(file, Answer):
            return file
        return await self._post("fax/send", {"file_url": file, "messages": [entry]}, message)

    async def _upload(self, message: Message) -> str | Answer:
        """Where ClickSend finds the pages. Nothing is sent yet, so no failure here leaves anything uncertain."""
        try:
            pages = await draw(message, self._settings.fax_sender or self._settings.sender)
        except ProviderError as error:
            return not_sent(Reason.PROVIDER_REFUSED, error.message)
        body = {"content": b64encode(pages).decode()}
        url = f"{self._settings.url}/uploads?convert=fax"
        reply = await self._call("POST", url, json=body, headers=self._headers)
        if isinstance(reply, Answer):
            return reply.model_copy(update={"outcome": Outcome.NOT_TAKEN, "reason": Reason.PROVIDER_UNREACHABLE})
        try:
            return _Upload.model_validate(_Reply.model_validate_json(reply.body).data).url
        except ValueError:
            found = judge(reply, self._words(reply.body, message))
            return found if found.outcome is not Outcome.UNKNOWN else busy(found.detail)

    async def _post(self, path: str, body: Mapping[str, Any], message: Message) -> Answer:
        reply = await self._call("POST", f"{self._settings.url}/{path}", json=body, headers=self._headers)
        return reply if isinstance(reply, Answer) else self._understand(reply, message)

    def _understand(self, reply: Reply, message: Message) -> Answer:
        try:
            said = _Reply.model_validate_json(reply.body)
        except ValueError:
            words = self._words(reply.body, message)
            return judge(reply, words) if reply.status != 200 else unknown(words)
        if reply.status != 200:
            return judge(reply, self._words(f"{said.code}: {said.words}", message), _REASONS.get(said.code))
        try:
            [taken] = _Messages.model_validate(said.data).messages
        except ValueError:
            return unknown(self._words(f"{said.code}: {said.words}", message))
        words = self._words(taken.status, message)
        if taken.status == _OK and taken.id:
            return accepted(taken.id, words)
        if taken.status == _AGAIN:
            return busy(words, timedelta(seconds=30))
        if taken.status in _REASONS:
            return refused(_REASONS[taken.status], words)
        return unknown(words)

    async def sign_in(self) -> Answer:
        """Ask for the account."""
        return await self._ask_who_we_are(f"{self._settings.url}/account", self._headers)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The receipt in ClickSend's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        return [self._report(_fields(body))]

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The text in ClickSend's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        fields = _fields(body)
        if not isinstance(fields, dict):
            raise ValueError("not a text from ClickSend")
        id, sender, to, text = (str(fields.get(name) or "") for name in ("message_id", "from", "to", "body"))
        moment = str(fields.get("timestamp") or "")
        seconds = int(moment) if re.fullmatch(r"[0-9]{1,10}", moment) else 0
        at = datetime.fromtimestamp(seconds, UTC) if seconds else None
        return [self._heard(sender, to, text, ref=id, at=at)]

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What ClickSend's receipts say became of an SMS; nothing when they do not say."""
        url = f"{self._settings.url}/sms/receipts/{quote(provider_ref, safe='')}"
        reply = await self._call("GET", url, headers=self._headers)
        if isinstance(reply, Answer) or reply.status != 200:
            return None
        try:
            report = self._report(_Reply.model_validate_json(reply.body).data)
        except ValueError:
            return None
        return report if report.provider_ref == provider_ref else None

    def _report(self, fields: Any) -> DeliveryReport:
        if not isinstance(fields, dict):
            raise ValueError("not a receipt of ClickSend")
        id, ref, code, words = (
            str(fields.get(name) or "") for name in ("message_id", "custom_string", "status_code", "status_text")
        )
        if not 0 < len(id) <= 200 or len(ref) > 200 or code not in _FATES:
            raise ValueError("not a receipt of ClickSend")
        fate, reason = _FATES[code]
        return DeliveryReport(
            provider=self.name,
            client_ref=ref,
            provider_ref=id,
            fate=fate,
            reason=reason,
            at=datetime.now(UTC),
            detail=discreet(f"{code}: {words} {fields.get('error_text') or ''}", *self._hidden),
        )


def _fields(body: bytes) -> Any:
    """What stands in a callback, which is JSON or a form."""
    if body.lstrip().startswith(b"{"):
        return from_json(body)
    return read_form(body)

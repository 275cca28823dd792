"""Infobip, SMS API v3: the vendor that knows our own message id again, so its class is idempotent.

A message id that it has had is answered with REJECTED_DUPLICATE_MESSAGE_ID and not sent a second time: to us that is
a yes. Source: Infobip, "Send SMS message" (POST /sms/3/messages) and "Message status codes".
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, Field, SecretStr

from engine.answer import Answer, ProviderClass
from engine.channels.features import Features
from engine.channels.proof import Proof, check_token
from engine.channels.vendor import (
    Line,
    Vendor,
    VendorAddress,
    VendorSettings,
    accepted,
    busy,
    judge,
    life,
    refused,
    unknown,
)
from engine.channels.words import discreet
from engine.document import Flag
from engine.duration import Duration
from engine.heard import MOST_NUMBER, Heard
from engine.message import Message
from engine.net import Http, Reply
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

#: Groups of statuses that mean: it is ours now. OK, PENDING, DELIVERED.
_TAKEN = (0, 1, 3)
_DUPLICATE = 23
#: Not taken, later perhaps: FLOODING_FILTER (20 varied or 6 identical messages an hour to one number), SYSTEM_ERROR.
_LATER = {20: timedelta(minutes=10), 21: timedelta(minutes=1)}
_REASONS = {
    8: Reason.BAD_NUMBER,  # PREFIX_MISSING
    51: Reason.BAD_NUMBER,  # MISSING_TO
    52: Reason.BAD_NUMBER,  # DESTINATION
    12: Reason.PROVIDER_NO_CREDIT,
    17: Reason.PROVIDER_NO_CREDIT,  # PREPAID_PACKAGE_EXPIRED
    10: Reason.NO_CONSENT,  # DND
    25: Reason.TOO_LONG,
}
#: Errors of the network (GSM error codes) that a user can do something about.
_WHY = {
    1: Reason.BAD_NUMBER,  # UNKNOWN_SUBSCRIBER
    5: Reason.BAD_NUMBER,  # UNIDENTIFIED_SUBSCRIBER
    6: Reason.PHONE_OFF,  # ABSENT_SUBSCRIBER_SM
    9: Reason.BARRED,  # ILLEGAL_SUBSCRIBER
    10: Reason.UNABLE,  # BEARER_SERVICE_NOT_PROVISIONED
    11: Reason.UNABLE,  # TELESERVICE_NOT_PROVISIONED
    12: Reason.BARRED,  # ILLEGAL_EQUIPMENT
    13: Reason.BARRED,  # CALL_BARRED
    21: Reason.UNABLE,  # FACILITY_NOT_SUPPORTED
    27: Reason.PHONE_OFF,  # ABSENT_SUBSCRIBER
    31: Reason.PHONE_OFF,  # SUBSCRIBER_BUSY_FOR_MT_SMS
    33: Reason.PHONE_FULL,  # MESSAGE_WAITING_LIST_FULL
    256: Reason.PHONE_FULL,  # MEMORY_CAPACITY_EXCEEDED
    257: Reason.UNABLE,  # EQUIPMENT_PROTOCOL_ERROR
    258: Reason.UNABLE,  # EQUIPMENT_NOT_SM_EQUIPPED
}


class InfobipSettings(VendorSettings):
    """How Infobip is written in `config/engine.yaml`."""

    driver: Literal["infobip"]
    url: VendorAddress
    """Your own base address, as the portal shows it: https://xxxxx.api.infobip.com"""
    key: SecretStr | None = None
    key_file: Path | None = None
    """A file that holds the API key, so that it need not stand in engine.yaml."""
    sender: Line = Field(min_length=1)
    """What the phone shows: a number, or up to 11 letters and digits."""
    reports: Flag = True
    """Ask for delivery reports. Infobip must be able to reach `web: public`."""
    remembers: Duration = Field(default=timedelta(hours=24), ge=timedelta(minutes=1), le=timedelta(days=30))
    """How long Infobip knows one of our message ids again. It documents the status, not the time: a day is our guess,
    so ask them before you write more. After it a message without an answer is held, not sent again."""
    inbound_token: SecretStr | None = None
    inbound_token_file: Path | None = None
    """A file that holds a secret of your choice: the address for texts from phones ends in ?token= and it."""


class _Status(Noun):
    group: int = Field(alias="groupId")
    id: int
    name: str = ""
    description: str = ""


class _Taken(Noun):
    id: str = Field(alias="messageId", default="")
    status: _Status


class _Reply(Noun):
    messages: tuple[_Taken, ...] = Field(min_length=1)


class _Error(Noun):
    id: int = 0
    name: str = ""


class _Report(Noun):
    id: str = Field(alias="messageId", min_length=1, max_length=200)
    status: _Status
    error: _Error = _Error()


class _Reports(Noun):
    results: tuple[_Report, ...] = Field(min_length=1)


class _Text(Noun):
    id: str = Field(alias="messageId", min_length=1, max_length=200)
    sender: str = Field(alias="from", min_length=1, max_length=MOST_NUMBER)
    to: str | None = ""
    text: str | None = ""
    at: AwareDatetime | None = Field(alias="receivedAt", default=None)


class _Texts(Noun):
    results: tuple[_Text, ...] = Field(min_length=1)


class InfobipProvider(Vendor):
    """Speaks to Infobip's SMS API v3."""

    provider_class = ProviderClass.IDEMPOTENT
    # Infobip does not say how long it remembers a message id; its logs, which it keys by them, go back 48 hours.
    key_life = timedelta(hours=24)  # `remembers` says otherwise
    features = Features(validity=True)
    codes: Mapping[str, Mapping[Any, Any]] = {"its answer": _REASONS, "a report's error": _WHY}
    most_parts = 25

    def __init__(self, name: str, settings: InfobipSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when the key's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self._settings = settings
        self.key_life = settings.remembers
        key = settings.secret("key")
        self._token = settings.secret("inbound_token")
        self._hidden = (key, self._token)
        self._headers = {"Authorization": f"App {key}", "Accept": "application/json"}
        self._proof = Proof(name, key)

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        entry = {
            "sender": self._settings.sender,
            "destinations": [{"to": message.address.removeprefix("+"), "messageId": client_ref}],
            "content": {"text": message.text},
        }
        if self._settings.reports:
            url = self._proof.address(self._callback, client_ref)
            entry["webhooks"] = {"delivery": {"url": url}, "contentType": "application/json"}
        left = life(message)
        if left is not None:
            seconds = max(5, int(left.total_seconds()))
            entry["options"] = {"validityPeriod": {"amount": min(seconds, 172_800), "timeUnit": "SECONDS"}}
        reply = await self._call(
            "POST", f"{self._settings.url}/sms/3/messages", json={"messages": [entry]}, headers=self._headers
        )
        return reply if isinstance(reply, Answer) else self._understand(reply, message, client_ref)

    def _understand(self, reply: Reply, message: Message, client_ref: str) -> Answer:
        if not 200 <= reply.status < 300:
            return judge(reply, self._words(reply.body, message))
        try:
            [taken] = _Reply.model_validate_json(reply.body).messages
        except ValueError:
            return unknown(self._words(reply.body, message))
        status = taken.status
        words = self._words(f"{status.name} ({status.id}): {status.description}", message)
        if status.group in _TAKEN or status.id == _DUPLICATE:
            return accepted(taken.id or client_ref, words)
        if status.id in _LATER:
            return busy(words, _LATER[status.id])
        return refused(_REASONS.get(status.id, Reason.PROVIDER_REFUSED), words)

    async def sign_in(self) -> Answer:
        """Ask for the balance."""
        return await self._ask_who_we_are(f"{self._settings.url}/account/1/balance", self._headers)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The reports in Infobip's request. Raises PermissionError when forged, ValueError when garbage."""
        ref = self._proof.check(query)
        return [self._report(each, ref) for each in _Reports.model_validate_json(body).results]

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The texts in Infobip's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        texts = _Texts.model_validate_json(body).results
        return [self._heard(each.sender, each.to, each.text, ref=each.id, at=each.at) for each in texts]

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What Infobip's log says became of a message; nothing when it does not say."""
        url = f"{self._settings.url}/sms/3/logs?messageId={provider_ref or client_ref}"
        reply = await self._call("GET", url, headers=self._headers)
        if isinstance(reply, Answer) or reply.status != 200:
            return None
        try:
            [found] = _Reports.model_validate_json(reply.body).results
            return self._report(found, client_ref)
        except ValueError:
            return None

    def _report(self, found: _Report, ref: str) -> DeliveryReport:
        if found.id != ref:
            raise ValueError("a report on another message than its address is for")
        status = found.status
        fate, reason = Fate.UNDELIVERED, _WHY.get(found.error.id, Reason.UNDELIVERED)
        if status.id == 5:  # DELIVERED_TO_HANDSET; 2 of the same group is DELIVERED_TO_OPERATOR
            fate, reason = Fate.DELIVERED, Reason.DELIVERED
        elif status.group in _TAKEN:
            fate, reason = Fate.SENT, Reason.ACCEPTED
        elif status.group == 5:
            reason = _REASONS.get(status.id, Reason.PROVIDER_REFUSED)
        return DeliveryReport(
            provider=self.name,
            client_ref=ref,
            provider_ref=found.id,
            fate=fate,
            reason=reason,
            at=datetime.now(UTC),
            detail=discreet(f"{status.name}: {status.description} {found.error.name}", *self._hidden),
        )

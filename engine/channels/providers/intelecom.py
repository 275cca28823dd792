"""Intelecom's SMS gateway (Puzzel today), REST with JSON. It promises no dedup, so it is opaque.

Source: Puzzel, "SMS Gateway": "REST API" and "Common SMS Gateway documentation".
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr

from engine.answer import Answer
from engine.channels.features import Features
from engine.channels.proof import check_token
from engine.channels.vendor import (
    Line,
    Vendor,
    VendorAddress,
    VendorSettings,
    accepted,
    judge,
    life,
    refused,
    unknown,
)
from engine.channels.words import discreet
from engine.document import Flag
from engine.heard import MOST_NUMBER, Heard
from engine.message import Message
from engine.net import Http, Reply
from engine.notification import Lane
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

_OK = 1
#: Too many messages to one number: it is queued, and waits for somebody at the gateway to approve it.
_QUOTA = 24
_REASONS = {2: Reason.PROVIDER_AUTH, 3: Reason.PROVIDER_REFUSED, 4: Reason.PROVIDER_AUTH, 5: Reason.PROVIDER_REFUSED}
#: Codes of a report that mean: the phone has it. 390: and it was not billed to the receiver.
_DELIVERED = (0, 390)
_WHY = {
    351: Reason.BAD_NUMBER,
    357: Reason.BARRED,  # for good
    654: Reason.BAD_NUMBER,
    356: Reason.BARRED,  # for a time
    361: Reason.PHONE_OFF,
    362: Reason.PHONE_OFF,
    364: Reason.PHONE_OFF,
    354: Reason.PROVIDER_REFUSED,
    355: Reason.PROVIDER_REFUSED,
    385: Reason.PROVIDER_REFUSED,
    651: Reason.PROVIDER_REFUSED,
    655: Reason.PROVIDER_REFUSED,
}


#: Our lanes as its priorities, of which 3 is the fastest.
_PRIORITIES = {Lane.URGENT: 3, Lane.NORMAL: 2, Lane.BULK: 1}


class IntelecomSettings(VendorSettings):
    """How Intelecom is written in `config/engine.yaml`."""

    driver: Literal["intelecom"]
    url: VendorAddress = "https://smsgw.puzzel.com/gw/rs/sendMessages"
    """Its sendMessages, on the server that your agreement names."""
    service: int = Field(gt=0)
    """The service id."""
    user: Line = Field(min_length=1)
    """The name to sign in with."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    sender: Line = Field(default="", max_length=20)
    """The originator (endpoint code): +47…, a short number, or up to 11 letters; empty: the service's own."""
    priority: Literal["lane", "service", "1", "2", "3"] = "lane"
    """How fast: as the message's own lane says, as the service is set up, or always 1 low, 2 medium, 3 high."""
    reports: Flag = True
    """Ask for delivery reports; they go to the one address that support wrote down."""
    reports_token: SecretStr | None = None
    reports_token_file: Path | None = None
    """A file that holds a secret of your choice: the address for reports ends in ?token= and this secret."""


class _Status(Noun):
    code: int = Field(alias="statusCode")
    message: str | None = Field(alias="statusMessage", default="")
    id: str | None = Field(alias="messageId", default="")


class _Reply(Noun):
    statuses: tuple[_Status, ...] = Field(alias="messageStatus", min_length=1)


class _Report(Noun):
    id: str = Field(alias="messageid", min_length=1, max_length=200)
    ref: str | None = Field(alias="customermessagereference", default="", max_length=200)
    code: int = Field(alias="statuscode")
    words: str | None = Field(alias="statusdescription", default="")
    network: str | None = Field(alias="extstatusdescription", default="")


class _Reports(Noun):
    rows: tuple[_Report, ...] = Field(alias="dr", min_length=1)


class _Text(Noun):
    id: str = Field(alias="messageid", min_length=1, max_length=200)
    sender: str = Field(alias="originator", min_length=1, max_length=MOST_NUMBER)
    endpoint: str | int = Field(alias="sno", default="")
    text: str | None = Field(alias="content", default="")


class _Texts(Noun):
    rows: tuple[_Text, ...] = Field(alias="mo", min_length=1)


class IntelecomProvider(Vendor):
    """Speaks to Intelecom's gateway."""

    features = Features(priority=True, validity=True)
    codes: Mapping[str, Mapping[Any, Any]] = {"its answer": _REASONS, "a report": _WHY}
    # It joins six, because some operators do.
    most_parts = 6

    def __init__(self, name: str, settings: IntelecomSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when a secret's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self._settings = settings
        self._password = settings.secret("password")
        self._token = settings.secret("reports_token")
        self._hidden = (self._password, self._token)

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        entry = {
            "recipient": message.address,
            "content": message.text,
            "price": 0,
            "clientReference": client_ref,
            "settings": self._options(message),
        }
        body = {
            "serviceId": self._settings.service,
            "username": self._settings.user,
            "password": self._password,
            "message": [entry],
        }
        reply = await self._call("POST", self._settings.url, json=body, headers={"Accept": "application/json"})
        return reply if isinstance(reply, Answer) else self._understand(reply, message)

    def _options(self, message: Message) -> dict[str, Any]:
        # Without it, one character that is not in the 7-bit alphabet is an error.
        options: dict[str, Any] = {"autoDetectEncoding": True}
        if self._settings.priority == "lane":
            options["priority"] = _PRIORITIES[message.lane]
        elif self._settings.priority != "service":
            options["priority"] = int(self._settings.priority)
        if self._settings.sender:
            sender = self._settings.sender
            options["originatorSettings"] = {"originatorType": _kind(sender), "originator": sender}
        left = life(message)
        if left is not None:
            options["validity"] = validity(left)
        if not self._settings.reports:
            options["parameter"] = [{"key": "skip_customer_report_delivery", "value": "true"}]
        return options

    def _understand(self, reply: Reply, message: Message) -> Answer:
        try:
            [said] = _Reply.model_validate_json(reply.body).statuses
        except ValueError:
            words = self._words(reply.body, message)
            return judge(reply, words) if reply.status != 200 else unknown(words)
        words = self._words(f"{said.code}: {said.message}", message)
        if reply.status == 200 and said.code in (_OK, _QUOTA) and said.id:
            return accepted(said.id, words)
        if reply.status == 200 and said.code in _REASONS:
            return refused(_REASONS[said.code], words)
        # 6, an error of its own, and 25, "not unique", leave open whether it has the message.
        return judge(reply, words, _REASONS.get(said.code)) if reply.status != 200 else unknown(words)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The reports in the gateway's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        return [self._report(each) for each in _Reports.model_validate_json(body).rows]

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The texts in the gateway's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        rows = _Texts.model_validate_json(body).rows
        # Its own moments have no zone.
        return [self._heard(each.sender, str(each.endpoint), each.text, ref=each.id) for each in rows]

    def _report(self, found: _Report) -> DeliveryReport:
        delivered = found.code in _DELIVERED
        return DeliveryReport(
            provider=self.name,
            client_ref=found.ref or "",
            provider_ref=found.id,
            fate=Fate.DELIVERED if delivered else Fate.UNDELIVERED,
            reason=Reason.DELIVERED if delivered else _WHY.get(found.code, Reason.UNDELIVERED),
            at=datetime.now(UTC),
            detail=discreet(f"{found.code}: {found.words} {found.network}", *self._hidden),
        )


def _kind(sender: str) -> str:
    if sender.startswith("+"):
        return "INTERNATIONAL"
    return "NETWORK" if sender.isdecimal() else "ALPHANUMERIC"


def validity(left: timedelta) -> int:
    """A time to live as the network writes it, never longer than `left` but for the least, 5 minutes.

    TP-Validity-Period, relative (3GPP TS 23.040, 9.2.3.12.1).
    """
    minutes = int(left.total_seconds() // 60)
    if minutes <= 12 * 60:
        return max(minutes // 5 - 1, 0)
    if minutes < 48 * 60:
        return 143 + min((minutes - 12 * 60) // 30, 24)
    days = minutes // (24 * 60)
    return 166 + days if days <= 30 else min(192 + days // 7, 255)

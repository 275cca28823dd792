"""LINK Mobility's common platform, REST with JSON: the successor of PSWinCom and others. No dedup, so it is opaque.

Source: LINK Mobility, "SMS REST API, MT and Delivery Reports", version 2.4.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
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
    basic,
    judge,
    life,
    refused,
    unknown,
)
from engine.channels.words import discreet
from engine.heard import MOST_NUMBER, Heard
from engine.message import Message
from engine.net import Http, Reply
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

_QUEUED = 1005
#: On its way: sent to the operator, billed, or delayed.
_SENT = (1000, 1005, 1008, 1011, 1012)
#: 1007: delivered, billed later.
_DELIVERED = (1001, 1007)
_WHY = {
    1002: Reason.PHONE_OFF,  # expired
    1004: Reason.PHONE_FULL,
    2104: Reason.BAD_NUMBER,  # unknown subscriber
    2105: Reason.BARRED,  # for good
    2106: Reason.BAD_NUMBER,
    2107: Reason.BARRED,  # for a time
    3: Reason.PROVIDER_REFUSED,
    104: Reason.PROVIDER_REFUSED,
}
#: From here on a code says what is wrong with the message.
_WRONG = 2000


class LinkSettings(VendorSettings):
    """How LINK Mobility is written in `config/engine.yaml`."""

    driver: Literal["link"]
    url: VendorAddress
    """The node that your agreement names, like https://n-eu.linkmobility.io"""
    user: Line = Field(min_length=1)
    """The name to sign in with."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    platform: Line = "COMMON_API"
    """The platformId."""
    partner: Line = Field(min_length=1)
    """The platformPartnerId."""
    sender: Line = Field(min_length=1, max_length=20)
    """What the phone shows: +47…, a short number, or up to 11 letters."""
    gate: Line = ""
    """The gate id that LINK gave you for delivery reports; without it none are asked for."""
    reports_token: SecretStr | None = None
    reports_token_file: Path | None = None
    """A file that holds a secret of your choice: the gate's address ends in ?token= and this secret."""

    def reporting(self) -> bool:
        """Only through a gate."""
        return bool(self.gate)


class _Reply(Noun):
    id: str = Field(alias="messageId", default="")
    code: int = Field(alias="resultCode")
    words: str | None = Field(alias="description", default="")


class _Error(Noun):
    code: int = Field(alias="status", default=0)
    words: str | None = Field(alias="description", default="")


class _Report(Noun):
    ref: str | None = Field(alias="refId", default="", max_length=200)
    id: str = Field(min_length=1, max_length=200)
    code: int = Field(alias="resultCode")
    words: str | None = Field(alias="message", default="")


class _Text(Noun):
    id: str = Field(default="", max_length=200)
    sender: str = Field(alias="source", min_length=1, max_length=MOST_NUMBER)
    to: str | None = Field(alias="destination", default="")
    text: str | None = Field(alias="userData", default="")


class LinkProvider(Vendor):
    """Speaks to LINK Mobility's common platform."""

    features = Features(validity=True, alphabet="nothing beyond U+FFFF: no 👍")
    codes: Mapping[str, Mapping[Any, Any]] = {"its answer or a report": _WHY}
    #: "Unicode 4-byte characters are not supported."
    astral = False

    def __init__(self, name: str, settings: LinkSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when a secret's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self._settings = settings
        password = settings.secret("password")
        self._token = settings.secret("reports_token")
        self._hidden = (password, self._token)
        self._headers = {"Authorization": basic(settings.user, password)}

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        body: dict[str, Any] = {
            "source": self._settings.sender,
            "sourceTON": _kind(self._settings.sender),
            "destination": message.address,
            "userData": message.text,
            "platformId": self._settings.platform,
            "platformPartnerId": self._settings.partner,
            "refId": client_ref,
            "useDeliveryReport": bool(self._settings.gate),
        }
        if self._settings.gate:
            body["deliveryReportGates"] = [self._settings.gate]
        left = life(message)
        if left is not None:
            body["relativeValidityTime"] = int(left.total_seconds() * 1000)
        reply = await self._call("POST", f"{self._settings.url}/sms/send", json=body, headers=self._headers)
        return reply if isinstance(reply, Answer) else self._understand(reply, message)

    def _understand(self, reply: Reply, message: Message) -> Answer:
        words = self._words(reply.body, message)
        if reply.status != 200:
            try:
                error = _Error.model_validate_json(reply.body)
            except ValueError:
                return judge(reply, words)
            return judge(reply, self._words(f"{error.code}: {error.words}", message), _WHY.get(error.code))
        try:
            said = _Reply.model_validate_json(reply.body)
        except ValueError:
            return unknown(words)
        words = self._words(f"{said.code}: {said.words}", message)
        if said.code == _QUEUED and said.id:
            return accepted(said.id, words)
        if said.code >= _WRONG:
            return refused(_WHY.get(said.code, Reason.PROVIDER_REFUSED), words)
        return unknown(words)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The report in LINK's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        found = _Report.model_validate_json(body)
        fate, reason = Fate.UNDELIVERED, _WHY.get(found.code, Reason.UNDELIVERED)
        if found.code in _DELIVERED:
            fate, reason = Fate.DELIVERED, Reason.DELIVERED
        elif found.code in _SENT:
            fate, reason = Fate.SENT, Reason.ACCEPTED
        elif found.code >= _WRONG:
            reason = _WHY.get(found.code, Reason.PROVIDER_REFUSED)
        return [
            DeliveryReport(
                provider=self.name,
                client_ref=found.ref or "",
                # The parts of a long message report one by one, as id$1, id$2, …
                provider_ref=found.id.partition("$")[0],
                fate=fate,
                reason=reason,
                at=datetime.now(UTC),
                detail=discreet(f"{found.code}: {found.words}", *self._hidden),
            )
        ]

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The text in LINK's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        said = _Text.model_validate_json(body)
        return [self._heard(said.sender, said.to, said.text, ref=said.id)]


def _kind(sender: str) -> str:
    if sender.startswith("+"):
        return "MSISDN"
    return "SHORTNUMBER" if sender.isdecimal() else "ALPHANUMERIC"

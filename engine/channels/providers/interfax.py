"""InterFAX, REST: fax. It can be asked by our reference whether it has a fax, so its class is queryable.

Source: InterFAX, "REST API": "Send fax", "Search fax list", "Get outbound fax record", "Receive outgoing fax
confirmations via callback" and "Fax status codes".
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr, TypeAdapter

from engine.answer import Answer, Outcome, ProviderClass
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
    draw,
    judge,
    unknown,
)
from engine.duration import Duration
from engine.errors import ProviderError
from engine.message import Message
from engine.net import Http, Reply
from engine.notification import Channel
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate

#: InterFAX's codes for a no to our request.
_REASONS = {-112: Reason.PROVIDER_AUTH, -123: Reason.BAD_NUMBER}
#: A fax that waited for credit for more than 24 hours.
_NO_CREDIT = 205_000


class InterfaxSettings(VendorSettings):
    """How InterFAX is written in `config/engine.yaml`."""

    driver: Literal["interfax"]
    url: VendorAddress = "https://rest.interfax.net"
    """Its address."""
    user: Line = Field(min_length=1)
    """The name to sign in with."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    sender: Line = Field(default="", max_length=60)
    """Who stands at the head of each page."""
    reports_token: SecretStr | None = None
    reports_token_file: Path | None = None
    """A file that holds a secret of your choice: the address for feedback ends in ?token= and this secret."""
    timeout: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0), le=timedelta(minutes=5))
    """How long it may take; whether a message was taken that got no answer by then is not known."""
    poll_gap: Duration = Field(default=timedelta(seconds=15), ge=timedelta(0), le=timedelta(hours=1))
    """At least so long between two questions what became of a fax: InterFAX limits how often it may be asked. More
    workers than one need a multiple of it."""

    def reporting(self) -> bool:
        """Only where whoever reports can prove who it is."""
        return self.reports_token is not None or self.reports_token_file is not None


class _Fax(Noun):
    id: int
    status: int


class _Error(Noun):
    code: int = 0
    message: str | None = ""


_FAXES = TypeAdapter(list[_Fax])


class InterfaxProvider(Vendor):
    """Speaks to InterFAX's REST API."""

    channels = frozenset({Channel.FAX})
    provider_class = ProviderClass.QUERYABLE
    features = Features(alphabet="what DejaVu Sans Mono draws")
    codes: Mapping[str, Mapping[Any, Any]] = {"its answer": _REASONS}

    def __init__(self, name: str, settings: InterfaxSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when a secret's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self._settings = settings
        self.poll_gap = settings.poll_gap
        password = settings.secret("password")
        self._token = settings.secret("reports_token")
        self._hidden = (password, self._token)
        self._headers = {"Authorization": basic(settings.user, password), "Accept": "application/json"}
        self._faxes = f"{settings.url}/outbound/faxes"

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        try:
            pages = await draw(message, self._settings.sender)
        except ProviderError as error:
            return not_sent(Reason.PROVIDER_REFUSED, error.message)
        query = urlencode({"faxNumber": message.address, "reference": client_ref, "pageSize": "A4"})
        headers = {**self._headers, "Content-Type": "application/pdf"}
        reply = await self._call("POST", f"{self._faxes}?{query}", data=pages, headers=headers)
        return reply if isinstance(reply, Answer) else self._understand(reply, message)

    def _understand(self, reply: Reply, message: Message) -> Answer:
        # Its yes is 201, with the fax's own address: …/outbound/faxes/854759652
        id = reply.headers.get("location", "").rpartition("/outbound/faxes/")[2]
        if reply.status == 201 and id.isascii() and id.isdecimal():
            return accepted(id, "HTTP 201")
        words = self._words(reply.body, message)
        try:
            error = _Error.model_validate_json(reply.body)
        except ValueError:
            return judge(reply, words)
        return judge(reply, self._words(f"{error.code}: {error.message}", message), _REASONS.get(error.code))

    async def ask(self, client_ref: str) -> Answer:
        """Was the fax under this reference taken?"""
        url = f"{self._settings.url}/outbound/search?{urlencode({'reference': client_ref})}"
        reply = await self._call("GET", url, headers=self._headers)
        if isinstance(reply, Answer):
            return unknown(reply.detail)
        try:
            found = _FAXES.validate_json(reply.body) if reply.status == 200 else None
        except ValueError:
            found = None
        if found is None:
            return unknown(f"HTTP {reply.status}")
        if not found:
            return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.NOT_TAKEN, detail="no fax has this reference")
        return Answer(outcome=Outcome.ACCEPTED, reason=Reason.ASKED, provider_ref=str(found[0].id))

    async def sign_in(self) -> Answer:
        """Ask for the balance."""
        return await self._ask_who_we_are(f"{self._settings.url}/accounts/self/ppcards/balance", self._headers)

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The feedback in InterFAX's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        fields = read_form(body)
        known = {name.lower(): value for name, value in fields.items()}
        return [
            self._report("", _Fax.model_validate({"id": known.get("transactionid"), "status": known.get("status")}))
        ]

    async def poll(self, client_ref: str, provider_ref: str) -> DeliveryReport | None:
        """What became of a fax; nothing when InterFAX does not say. It limits how often it may be asked."""
        reply = await self._call("GET", f"{self._faxes}/{quote(provider_ref, safe='')}", headers=self._headers)
        if isinstance(reply, Answer) or reply.status != 200:
            return None
        try:
            found = _Fax.model_validate_json(reply.body)
        except ValueError:
            return None
        return self._report(client_ref, found) if str(found.id) == provider_ref else None

    def _report(self, ref: str, found: _Fax) -> DeliveryReport:
        fate, reason = Fate.UNDELIVERED, Reason.UNDELIVERED
        if found.status == 0:
            fate, reason = Fate.DELIVERED, Reason.DELIVERED
        elif found.status < 0:  # it is being handled
            fate, reason = Fate.SENT, Reason.ACCEPTED
        elif found.status == _NO_CREDIT:
            reason = Reason.PROVIDER_NO_CREDIT
        return DeliveryReport(
            provider=self.name,
            client_ref=ref,
            provider_ref=str(found.id),
            fate=fate,
            reason=reason,
            at=datetime.now(UTC),
            detail=f"status {found.status}",
        )

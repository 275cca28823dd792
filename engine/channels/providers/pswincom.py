"""PSWinCom's Gateway (LINK Mobility), XML over HTTPS. It knows no reference of ours again, so it is opaque.

Source: PSWinCom wiki, "Gateway XML API", "Message types", "Receive delivery report request XML" and "Delivery Report
Status".
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from pydantic import Field, SecretStr

from engine.answer import Answer, Outcome
from engine.channels.endpoint import Endpoint
from engine.channels.features import Features
from engine.channels.flat_xml import read_flat
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
from engine.document import Flag
from engine.heard import Heard
from engine.message import Message
from engine.net import Http, Reply
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from engine.segments import Alphabet, count

#: Message type 9: the text is UCS-2 in hexadecimal. Without a type it is plain text.
_UNICODE = "9"
_FATES = {
    "DELIVRD": (Fate.DELIVERED, Reason.DELIVERED),
    "EXPIRED": (Fate.UNDELIVERED, Reason.PHONE_OFF),  # tried until its time was over
    "DELETED": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "UNDELIV": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "FAILED": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "REJECTD": (Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    "BARRED": (Fate.UNDELIVERED, Reason.BARRED),  # or not in use: not to be tried again
    "BARREDA": (Fate.UNDELIVERED, Reason.BARRED),  # premium: too young
    "ZEROBAL": (Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),  # premium: no money on the phone
    # The operator has said nothing: it left our system, and no more is known.
    "UNKNOWN": (Fate.SENT, Reason.ACCEPTED),
    "NULL": (Fate.SENT, Reason.ACCEPTED),
}


class PswincomSettings(VendorSettings):
    """How PSWinCom is written in `config/engine.yaml`."""

    driver: Literal["pswincom"]
    url: VendorAddress = "https://xml.pswin.com"
    """Its address."""
    second_url: VendorAddress | Literal[""] = "https://xml2.pswin.com"
    """Tried when the first cannot be connected to; empty: none."""
    user: Line = Field(min_length=1)
    """The name to sign in with."""
    password: SecretStr | None = None
    password_file: Path | None = None
    """A file that holds the password, so that it need not stand in engine.yaml."""
    sender: Line = Field(default="", max_length=15)
    """What the phone shows: digits, or up to 11 letters; empty: the account's own."""
    reports: Flag = True
    """Ask for delivery reports; PSWinCom sends them to the one address that its support wrote down."""
    reports_token: SecretStr | None = None
    reports_token_file: Path | None = None
    """A file that holds a secret of your choice: the address for reports ends in ?token= and this secret."""

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Both addresses."""
        second = (Endpoint.of(self.second_url, standby=True),) if self.second_url else ()
        return (Endpoint.of(self.url), *second)


class PswincomProvider(Vendor):
    """Speaks to PSWinCom's Gateway."""

    features = Features(validity=True)
    codes: Mapping[str, Mapping[Any, Any]] = {"a report": _FATES}
    # It joins 16 parts of 134 characters, and silently cuts off what is beyond: as many as 14 parts of ours.
    most_parts = 14

    def __init__(self, name: str, settings: PswincomSettings, http: Http, callback: str) -> None:
        """Raises ProviderError when a secret's file cannot be read."""
        super().__init__(name, settings, http, callback)
        self._settings = settings
        self._password = settings.secret("password")
        self._token = settings.secret("reports_token")
        self._hidden = (self._password, self._token)

    async def _hand_over(self, message: Message, client_ref: str) -> Answer:
        tags = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in self._fields(message))
        session = (
            f"<CLIENT>{escape(self._settings.user)}</CLIENT><PW>{escape(self._password)}</PW>"
            f"<SD>{escape(client_ref)}</SD><MSGLST><MSG>{tags}</MSG></MSGLST>"
        )
        # What ISO-8859-1 lacks, the euro sign and Greek among it, is written as its number.
        body = f'<?xml version="1.0" encoding="ISO-8859-1"?><SESSION>{session}</SESSION>'
        data = body.encode("iso-8859-1", "xmlcharrefreplace")
        reply = await self._post(data)
        return reply if isinstance(reply, Answer) else self._understand(reply, message)

    async def _post(self, data: bytes) -> Reply | Answer:
        headers = {"Content-Type": "text/xml"}
        reply = await self._call("POST", self._settings.url, data=data, headers=headers)
        unreached = isinstance(reply, Answer) and reply.outcome is Outcome.NOT_TAKEN
        if unreached and self._settings.second_url:
            return await self._call("POST", self._settings.second_url, data=data, headers=headers)
        return reply

    def _fields(self, message: Message) -> Iterator[tuple[str, str]]:
        yield "ID", "1"
        if count(message.text).alphabet is Alphabet.UCS2:
            yield "OP", _UNICODE
            yield "TEXT", message.text.encode("utf-16-be").hex().upper()
        else:
            yield "TEXT", message.text
        if self._settings.sender:
            yield "SND", self._settings.sender.removeprefix("+")
        yield "RCV", message.address.removeprefix("+")
        if self._settings.reports:
            yield "RCPREQ", "Y"
        left = life(message)
        if left is not None:
            yield "TTL", str(max(1, int(left.total_seconds() // 60)))  # minutes

    def _understand(self, reply: Reply, message: Message) -> Answer:
        if reply.status != 200:
            return judge(reply, self._words(reply.body, message))
        try:
            said = read_flat(reply.body, "MSG")
        except ValueError:
            return unknown(self._words(reply.body, message))
        if said.head.get("LOGON") == "FAIL":
            return refused(Reason.PROVIDER_AUTH, self._words(f"LOGON FAIL {said.head.get('REASON', '')}", message))
        row = said.rows[0] if said.rows else {}
        words = self._words(f"{row.get('STATUS', '')} {row.get('INFO', '')}", message)
        if said.head.get("LOGON") == "OK" and row.get("STATUS") == "OK":
            return accepted(row.get("REF", ""), words)
        if row.get("STATUS") == "FAIL":
            return refused(Reason.PROVIDER_REFUSED, words)
        return unknown(self._words(reply.body, message))

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """The reports in PSWinCom's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        rows = read_flat(body, "MSG").rows
        if not rows:
            raise ValueError("not a delivery report of PSWinCom")
        return [self._report(row) for row in rows]

    def thank(self, body: bytes) -> str:
        """What PSWinCom waits for; without it the reports come again."""
        rows = read_flat(body, "MSG").rows
        said = "".join(f"<MSG><ID>{escape(row.get('ID', ''))}</ID><STATUS>OK</STATUS></MSG>" for row in rows)
        return f'<?xml version="1.0"?><MSGLST>{said}</MSGLST>'

    def read_inbound(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> list[Heard]:
        """The texts in PSWinCom's request. Raises PermissionError when forged, ValueError when garbage."""
        check_token(query, headers, self._token)
        rows = read_flat(body, "MSG").rows
        if not rows:
            raise ValueError("not a text from PSWinCom")
        return [self._heard(row.get("SND", ""), row.get("RCV"), row.get("TEXT")) for row in rows]

    def thank_inbound(self, body: bytes) -> str:
        """What PSWinCom waits for; without it the texts come again."""
        return self.thank(body)

    def _report(self, row: Mapping[str, str]) -> DeliveryReport:
        ref, state = row.get("REF", ""), row.get("STATE", "")
        if not 0 < len(ref) <= 200 or state not in _FATES:
            raise ValueError("not a delivery report of PSWinCom")
        fate, reason = _FATES[state]
        return DeliveryReport(
            provider=self.name, provider_ref=ref, fate=fate, reason=reason, at=datetime.now(UTC), detail=state
        )

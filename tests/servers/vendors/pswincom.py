"""PSWinCom's Gateway, XML over HTTP, as its wiki describes it."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from aiohttp import web

from tests.contracts.provider import NUMBER, SECRET
from tests.servers.vendors import TOKEN, TokenVendor

#: The wiki's own sample of a delivery report.
SAMPLE = b"""<?xml version="1.0"?>
<!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd">
<MSGLST>
  <MSG>
    <ID>1</ID>
    <REF>984342374</REF>
    <RCV>4512345678</RCV>
    <STATE>DELIVRD</STATE>
    <DELIVERYTIME>2006.02.23 15:23:23</DELIVERYTIME>
  </MSG>
</MSGLST>
"""


def report(state: str, ref: str = "V00000001") -> bytes:
    rows = f"<ID>1</ID><REF>{ref}</REF><RCV>{NUMBER[1:]}</RCV><STATE>{state}</STATE>"
    return f'<?xml version="1.0"?><MSGLST><MSG>{rows}</MSG></MSGLST>'.encode()


class Pswincom(TokenVendor):
    """Takes a session with one message. The reference it shows is the session's data (SD)."""

    driver = "pswincom"

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/", self.script(self._take))]

    def settings(self) -> dict[str, Any]:
        address = {"url": self.listener.url, "second_url": ""}
        return {**address, "user": "tocsin", "password": SECRET, "reports_token": TOKEN, "sender": "Tocsin"}

    def refusal(self, reason: str) -> web.Response:
        if reason == "auth":
            return _reply(f"<LOGON>FAIL</LOGON><REASON>Wrong password {SECRET}</REASON>")
        row = f"<ID>1</ID><STATUS>FAIL</STATUS><INFO>No route to {NUMBER[1:]}</INFO>"
        return _reply(f"<LOGON>OK</LOGON><REASON></REASON><MSGLST><MSG>{row}</MSG></MSGLST>")

    async def _take(self, request: web.Request) -> web.Response:
        session = ElementTree.fromstring(await request.read())
        assert session.tag == "SESSION"
        assert request.content_type == "text/xml"
        if (session.findtext("CLIENT"), session.findtext("PW")) != ("tocsin", SECRET):
            return self.refusal("auth")
        [message] = session.findall("MSGLST/MSG")
        fields = {each.tag: each.text or "" for each in message}
        if not fields["RCV"].isdecimal() or len(fields["RCV"]) < 9:
            return self.refusal("bad_number")
        ref = self.take(session.findtext("SD") or "", fields)
        row = f"<ID>{fields['ID']}</ID><STATUS>OK</STATUS><INFO></INFO><REF>{ref}</REF>"
        return _reply(f"<LOGON>OK</LOGON><REASON></REASON><MSGLST><MSG>{row}</MSG></MSGLST>")

    def reports(self, ref: str) -> list[bytes]:
        return [SAMPLE, *(report(state) for state in ("DELIVRD", "EXPIRED", "BARRED", "NULL"))]

    def garbage(self, ref: str) -> list[Any]:
        more = (report("EATEN"), report("DELIVRD", ref=""), report("DELIVRD", ref="9" * 201), b"<MSGLST></MSGLST>")
        deep = b"<a>" * 100 + b"</a>" * 100
        unknown = b'<?xml version="1.0" encoding="klingon"?><MSGLST/>'
        honest = self.callbacks(ref)[0]
        return [*super().garbage(ref), *(honest._replace(body=each) for each in (*more, deep, unknown))]


def _reply(inner: str) -> web.Response:
    text = f'<?xml version="1.0"?><!DOCTYPE SESSION SYSTEM "pswincom_submit_response.dtd"><SESSION>{inner}</SESSION>'
    return web.Response(text=text, content_type="text/xml")

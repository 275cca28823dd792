"""Twilio's Messages API as it documents itself and as its own SDK understands it; it signs as the SDK validates."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import encode_basic_auth, web
from twilio.request_validator import RequestValidator

from tests.contracts.provider import NUMBER, SECRET, Callback
from tests.servers.vendors import PUBLIC, Vendor, say

ACCOUNT = "AC" + "0" * 32
ADDRESS = f"{PUBLIC}/callbacks/vendor"
MOMENT = "Sat, 21 Nov 2026 10:00:00 +0000"


def sign(query: Mapping[str, str], body: bytes, token: str = SECRET, address: str = ADDRESS) -> Callback:
    """A callback that Twilio's own validator holds to be Twilio's."""
    url = f"{address}?{urlencode(list(query.items()))}" if query else address
    validator = RequestValidator(token)
    fields: Any = {} if "bodySHA256" in query else dict(parse_qsl(body.decode(), keep_blank_values=True))
    signature = validator.compute_signature(url, fields)
    assert validator.validate(url, body.decode() if "bodySHA256" in query else fields, signature)
    return Callback({"X-Twilio-Signature": signature}, query, body)


def report(word: str, error: str = "") -> bytes:
    fields = {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": "+15005550006",
        "MessageSid": "SM1",
        "MessageStatus": word,
        "SmsSid": "SM1",
        "SmsStatus": word,
        "To": NUMBER,
    }
    return urlencode({**fields, **({"ErrorCode": error} if error else {})}).encode()


class Twilio(Vendor):
    """Takes messages under ids of its own; the reference it shows is the one in the address for reports."""

    driver = "twilio"
    #: Where the last message's files are.
    media: Sequence[str] = ()

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", self.script(self._send)),
            web.get(f"/2010-04-01/Accounts/{ACCOUNT}.json", self.behind(encode_basic_auth(ACCOUNT, SECRET))),
            web.get(f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{{sid}}.json", self._show),
        ]

    def settings(self) -> dict[str, Any]:
        return {"url": self.listener.url, "account": ACCOUNT, "token": SECRET, "sender": "+15005550006"}

    def refusal(self, reason: str) -> web.Response:
        status, code, message = {
            "auth": (401, 20003, f"Authenticate with {SECRET}"),
            "bad_number": (400, 21211, f"The 'To' number {NUMBER} is not a valid phone number."),
            "refused": (400, 21408, f"Permission to send an SMS has not been enabled for {NUMBER}."),
            "stopped": (400, 21610, "Attempt to send to unsubscribed recipient"),
            "landline": (400, 21614, "'To' number is not a valid mobile number"),
            "queue": (400, 21611, "This 'From' number has exceeded the maximum number of queued messages"),
            "rate": (429, 20429, "Too Many Requests"),
            "no_rcs": (400, 63106, f"{NUMBER} is not a RCS capable number"),
        }[reason]
        more = f"https://www.twilio.com/docs/errors/{code}"
        return say(status, {"code": code, "message": message, "more_info": more, "status": status})

    async def _send(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth(ACCOUNT, SECRET):
            return self.refusal("auth")
        form = await request.post()
        self.media = [str(each) for each in form.getall("MediaUrl", ())]
        fields = {name: str(value) for name, value in form.items() if name != "MediaUrl"}
        if not fields.get("To"):
            return say(400, {"code": 21604, "message": "A 'To' phone number is required.", "status": 400})
        if not (fields.get("From") or fields.get("MessagingServiceSid")):
            return say(400, {"code": 21603, "message": "A 'From' phone number is required.", "status": 400})
        _, _, ref = fields.get("StatusCallback", "?ref=").partition("?ref=")
        return say(201, self._message(self.take(ref, fields), "queued"))

    async def _show(self, request: web.Request) -> web.Response:
        sid = request.match_info["sid"]
        if sid not in {f"V{n:08d}" for n in range(1, len(self.refs) + 1)}:
            return say(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
        return say(200, self._message(sid, "delivered"))

    def _message(self, sid: str, word: str) -> dict[str, Any]:
        return {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": "…",
            "date_created": MOMENT,
            "date_sent": None,
            "date_updated": MOMENT,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": "+15005550006",
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": word,
            "subresource_uris": {},
            "to": NUMBER,
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
        }

    def callbacks(self, ref: str) -> list[Callback]:
        forms = [report("sent"), report("delivered"), report("undelivered", "30003"), report("failed", "30005")]
        body = json.dumps({"MessageSid": "SM1", "MessageStatus": "read", "To": NUMBER}).encode()
        signed_body = sign({"ref": ref, "bodySHA256": sha256(body).hexdigest()}, body)
        return [*(sign({"ref": ref}, form) for form in forms), signed_body]

    def forgeries(self, ref: str) -> list[Callback]:
        honest = self.callbacks(ref)
        made = [each._replace(headers={}) for each in honest]
        made += [each._replace(headers={"X-Twilio-Signature": "\udcffé"}) for each in honest]
        made += [each._replace(query={**each.query, "ref": "r2"}) for each in honest]
        made += [each._replace(query={**each.query, "more": "1"}) for each in honest]
        made += [each._replace(body=each.body.replace(b"SM1", b"SM2")) for each in honest]
        made += [sign({"ref": ref}, report("delivered"), token="another token")]
        made += [sign({"ref": ref}, report("delivered"), address="https://other.example/callbacks/vendor")]
        made += [each._replace(body=honest[0].body + b"&a=1" * 500) for each in honest]
        return [*made, Callback(), Callback(body=b"\xff\xfe")]

    def garbage(self, ref: str) -> list[Callback]:
        bodies = (b"", b"a=1", report("eaten"), report("delivered", "many"), report("sent").replace(b"SM1", b""))
        trees = (b"[]", b"null", b"{}", b'{"MessageSid": {}}', b"[" * 9999)
        signed = [sign({"ref": ref, "bodySHA256": sha256(each).hexdigest()}, each) for each in trees]
        return [*(sign({"ref": ref}, each) for each in bodies), *signed]

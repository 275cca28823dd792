"""LINK Mobility's common platform, as its "SMS REST API, MT and Delivery Reports" describes it."""

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import encode_basic_auth, web

from tests.contracts.provider import NUMBER, SECRET
from tests.servers.vendors import TOKEN, TokenVendor, say


def report(code: int, ref: str = "r1", part: str = "") -> bytes:
    return json.dumps(
        {
            "refId": ref,
            "id": f"Dcshuhod0PMAAAFQ+/PbnR3x{part}",
            "operator": "no.telenor",
            "sentTimestamp": "2026-11-21T10:00:00.569+01:00",
            "timestamp": "2026-11-21T10:00:02.569Z",
            "resultCode": code,
            "operatorResultCode": "2",
            "segments": 1,
            "message": f"About {NUMBER}",
            "gateCustomParameters": {},
            "customParameters": {"received": "2026-11-21 10:00:00.000"},
        }
    ).encode()


class Link(TokenVendor):
    """Takes messages; our reference is the refId."""

    driver = "link"

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/sms/send", self.script(self._take))]

    def settings(self) -> dict[str, Any]:
        signing_in = {"user": "tocsin", "password": SECRET, "partner": "42", "sender": "Tocsin"}
        return {"url": self.listener.url, **signing_in, "gate": "gate1", "reports_token": TOKEN}

    def refusal(self, reason: str) -> web.Response:
        if reason == "auth":
            return say(401, {"status": 106100, "description": f"Invalid authentication {SECRET}"})
        if reason == "bad_number":
            return say(200, {"messageId": "", "resultCode": 2106, "description": f"Number error {NUMBER}"})
        return say(400, {"status": 106201, "description": "Invalid or missing platformPartnerId"})

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("tocsin", SECRET):
            return self.refusal("auth")
        body = await request.json()
        if (body.get("platformId"), body.get("platformPartnerId")) != ("COMMON_API", "42"):
            return self.refusal("refused")
        assert all(ord(character) <= 0xFFFF for character in body["userData"])
        if not body["destination"].startswith("+"):
            return self.refusal("bad_number")
        return say(200, {"messageId": self.take(body["refId"], body), "resultCode": 1005, "description": "Queued"})

    def reports(self, ref: str) -> list[bytes]:
        return [report(1001, ref), report(1000, ref), report(1002, ref), report(2104, ref), report(1001, ref, "$2")]

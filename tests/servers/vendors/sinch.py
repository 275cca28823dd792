"""Sinch's SMS REST API, as its own SDK speaks to it; our side is the preset of the driver `http`."""

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tests.contracts.provider import NUMBER, SECRET, Callback
from tests.servers.vendors import TOKEN, Vendor, say
from tests.servers.vendors.vonage import proven, unproven

PLAN = "plan1"


def report(word: str, ref: str) -> bytes:
    tree = {
        "type": "recipient_delivery_report_sms",
        "batch_id": "01FC66621XXXXX119Z8PMV1QPQ",
        "recipient": NUMBER[1:],
        "code": 401,
        "status": word,
        "at": "2026-11-21T10:00:00Z",
        "client_reference": ref,
    }
    return json.dumps(tree).encode()


class Sinch(Vendor):
    """Takes batches, and finds them again by our reference, the client_reference."""

    driver = "http"

    def routes(self) -> Sequence[web.RouteDef]:
        path = f"/xms/v1/{PLAN}/batches"
        return [web.post(path, self.script(self._take)), web.get(path, self._list)]

    def settings(self) -> dict[str, Any]:
        url = f"{self.listener.url}/xms/v1/{{secret.plan}}/batches"
        secrets = {"plan": PLAN, "token": SECRET, "reports": TOKEN}
        addresses = {"send": {"url": url}, "ask": {"url": url}, "sign_in": {"url": url}}
        return {"preset": "sinch", "sender": "Tocsin", "secrets": secrets, **addresses}

    def refusal(self, reason: str) -> web.Response:
        status, code, text = {
            "auth": (401, "unauthorized", f"{SECRET} is not valid"),
            "bad_number": (400, "syntax_invalid_parameter_format", f"{NUMBER} is no MSISDN"),
            "refused": (403, "forbidden_request", "not on your plan"),
            "wrong": (400, "syntax_constraint_violation", "The body is too long"),
        }[reason]
        return say(status, {"code": code, "text": text})

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return self.refusal("auth")
        body = await request.json()
        [to] = body["to"]
        if not to.removeprefix("+").isdecimal():
            return self.refusal("bad_number")
        return say(201, self._batch(self.take(body.get("client_reference", ""), body), body))

    async def _list(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return self.refusal("auth")
        wanted = request.query.get("client_reference")
        found = [
            self._batch(f"V{n:08d}", self.requests[n - 1]) for n, ref in enumerate(self.refs, 1) if ref == wanted
        ]
        return say(200, {"count": len(found), "page": 0, "page_size": 30, "batches": found})

    def _batch(self, id: str, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": id,
            "to": [NUMBER[1:]],
            "from": "Tocsin",
            "canceled": False,
            "body": "…",
            "type": "mt_text",
            "client_reference": body.get("client_reference", ""),
            "created_at": "2026-11-21T10:00:00.000Z",
            "modified_at": "2026-11-21T10:00:00.000Z",
            "delivery_report": "per_recipient",
            "expire_at": "2026-11-24T10:00:00.000Z",
            "flash_message": False,
        }

    def callbacks(self, ref: str) -> list[Callback]:
        return proven([report(word, ref) for word in ("Delivered", "Dispatched", "Expired", "Failed", "Rejected")])

    def forgeries(self, ref: str) -> list[Callback]:
        return unproven(self.callbacks(ref))

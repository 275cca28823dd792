"""MessageBird's SMS API, as its own SDK speaks to it; our side is the preset of the driver `http`."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tests.contracts.provider import NUMBER, SECRET, Callback
from tests.servers.vendors import TOKEN, Vendor, say
from tests.servers.vendors.vonage import unproven


class Messagebird(Vendor):
    """Takes messages; our reference is the reference. It reports by GET."""

    driver = "http"

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/balance", self.behind(f"AccessKey {SECRET}")),
            web.post("/messages", self.script(self._take)),
        ]

    def settings(self) -> dict[str, Any]:
        secrets = {"key": SECRET, "reports": TOKEN}
        url = f"{self.listener.url}/messages"
        balance = {"url": f"{self.listener.url}/balance"}
        return {
            "preset": "messagebird",
            "sender": "Tocsin",
            "secrets": secrets,
            "send": {"url": url},
            "sign_in": balance,
        }

    def refusal(self, reason: str) -> web.Response:
        status, code, description, parameter = {
            "auth": (401, 2, f"Request not allowed (incorrect access_key {SECRET})", "access_key"),
            "bad_number": (422, 9, f"no (correct) recipients found: {NUMBER}", "recipients"),
            "no_credit": (402, 25, "Not enough balance", None),
            "refused": (422, 10, "originator is invalid", "originator"),
        }[reason]
        error = {"code": code, "description": description, "parameter": parameter}
        return say(status, {"errors": [error]})

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"AccessKey {SECRET}":
            return self.refusal("auth")
        body = await request.json()
        # A list, or one text with commas, as the SDK writes it.
        to = body["recipients"] if isinstance(body["recipients"], list) else body["recipients"].split(",")
        if len(to) != 1 or not to[0].isdecimal():
            return self.refusal("bad_number")
        id = self.take(body.get("reference", ""), body)
        entry = {"recipient": int(to[0]), "status": "sent", "statusDatetime": "2026-11-21T10:00:00+00:00"}
        recipients = {"totalCount": 1, "totalSentCount": 1, "totalDeliveredCount": 0, "items": [entry]}
        told = {"id": id, "href": f"{self.listener.url}/messages/{id}", "direction": "mt", "type": "sms"}
        return say(201, {**told, "reference": body.get("reference"), "body": "…", "recipients": recipients})

    def callbacks(self, ref: str) -> list[Callback]:
        told = {"id": "efa6405d518d4c0c88cce11f7db775fb", "reference": ref, "recipient": NUMBER[1:], "proof": TOKEN}
        words = ("sent", "buffered", "delivered", "expired", "delivery_failed")
        return [Callback(query={**told, "status": word, "statusErrorCode": "1"}) for word in words]

    def forgeries(self, ref: str) -> list[Callback]:
        return unproven(self.callbacks(ref))

    def garbage(self, ref: str) -> list[Callback]:
        honest = self.callbacks(ref)[0].query
        changes: list[dict[str, str]] = [{"status": ""}, {"status": "eaten"}, {"reference": "r" * 201}]
        return [*(Callback(query={**honest, **each}) for each in changes), Callback(query={"proof": TOKEN})]

"""InterFAX's REST API, as it documents itself and as its own SDK understands it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import encode_basic_auth, web

from tests.contracts.provider import NUMBER, SECRET
from tests.servers.vendors import TOKEN, TokenVendor, say


def feedback(status: int, id: int = 854759651) -> bytes:
    fields = {
        "TransactionID": id,
        "DestinationFax": NUMBER,
        "Status": status,
        "CompletionTime": "2026-11-21 10:00:00",
        "PagesSent": 1,
        "RemoteCSID": "fax",
        "Duration": 30,
    }
    return urlencode(fields).encode()


class Interfax(TokenVendor):
    """Takes faxes, and finds them again by our reference."""

    driver = "interfax"

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/outbound/faxes", self.script(self._take)),
            web.get("/outbound/faxes/{id}", self._show),
            web.get("/accounts/self/ppcards/balance", self.behind(encode_basic_auth("tocsin", SECRET))),
            web.get("/outbound/search", self._search),
        ]

    def settings(self) -> dict[str, Any]:
        signing_in = {"user": "tocsin", "password": SECRET}
        return {"url": self.listener.url, **signing_in, "sender": "Example Ltd", "reports_token": TOKEN}

    def refusal(self, reason: str) -> web.Response:
        status, code, message = {
            "auth": (401, -112, f"Invalid authentication {SECRET}"),
            "bad_number": (400, -123, f"No valid recipients: {NUMBER}"),
            "no_credit": (402, -1, "Payment required"),
            "refused": (400, -1062, "Wrong parameters"),
        }[reason]
        return say(status, {"code": code, "message": message, "moreInfo": ""})

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("tocsin", SECRET):
            return self.refusal("auth")
        body = await request.read()
        if not request.query.get("faxNumber", "").startswith("+"):
            return self.refusal("bad_number")
        if not request.content_type.startswith("multipart/") and not body.startswith(b"%PDF-"):
            return self.refusal("refused")
        self.take(request.query.get("reference", ""), {**request.query, "body": body})
        return web.Response(status=201, headers={"Location": f"{self.listener.url}/outbound/faxes/{self._id()}"})

    async def _show(self, request: web.Request) -> web.Response:
        id = int(request.match_info["id"])
        known = range(self._id(1), self._id() + 1)
        return say(200, self._fax(id)) if id in known else say(404, {"code": -1, "message": "not found"})

    async def _search(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("tocsin", SECRET):
            return self.refusal("auth")
        wanted = request.query.get("reference")
        return say(200, [self._fax(self._id(n)) for n, ref in enumerate(self.refs, 1) if ref == wanted])

    def _id(self, place: int = 0) -> int:
        return 854_759_650 + (place or len(self.refs))

    def _fax(self, id: int) -> dict[str, Any]:
        return {"id": id, "uri": f"/outbound/faxes/{id}", "status": 0, "destinationFax": NUMBER, "pagesSent": 1}

    def reports(self, ref: str) -> list[bytes]:
        return [feedback(status) for status in (0, -3, 6017, 205_000)]

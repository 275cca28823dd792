"""ClickSend's REST API v3, as it documents itself and as its own SDK understands it."""

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import encode_basic_auth, web

from tests.contracts.provider import NUMBER, SECRET
from tests.servers.vendors import TOKEN, TokenVendor, say


def receipt(code: str, ref: str = "r1", id: str = "V00000001") -> dict[str, str]:
    return {
        "timestamp_send": "1795308591",
        "timestamp": "1795308593",
        "message_id": id,
        "status_code": code,
        "status_text": f"Success: Message for {NUMBER}",
        "error_code": "",
        "error_text": "",
        "custom_string": ref,
        "message_type": "sms",
        "user_id": "1",
        "subaccount_id": "1",
    }


class Clicksend(TokenVendor):
    """Takes SMS and fax; our reference is the custom_string."""

    driver = "clicksend"

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v3/sms/send", self.script(self._take)),
            web.post("/v3/uploads", self._upload),
            web.post("/v3/fax/send", self.script(self._take)),
            web.get("/v3/account", self.behind(encode_basic_auth("tocsin", SECRET))),
            web.get("/v3/sms/receipts/{id}", self._receipt),
        ]

    def settings(self) -> dict[str, Any]:
        signing_in = {"user": "tocsin", "key": SECRET}
        return {"url": f"{self.listener.url}/v3", **signing_in, "sender": "Tocsin", "reports_token": TOKEN}

    def refusal(self, reason: str) -> web.Response:
        if reason == "auth":
            words = {"response_code": "UNAUTHORIZED", "response_msg": f"Authorization failed for {SECRET}."}
            return say(401, {"http_code": 401, **words, "data": None})
        status = {
            "bad_number": "INVALID_RECIPIENT",
            "no_credit": "INSUFFICIENT_CREDIT",
            "refused": "COUNTRY_NOT_ENABLED",
            "again": "THROTTLED",
            "internal": "INTERNAL_ERROR",
        }[reason]
        return self._answer({"to": NUMBER}, "", status)

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("tocsin", SECRET):
            return self.refusal("auth")
        body = await request.json()
        [message] = body["messages"]
        if request.path.endswith("/fax/send"):
            if body.get("file_url") not in self.files:
                return say(400, {"http_code": 400, "response_code": "BAD_REQUEST", "response_msg": "", "data": None})
            message = {**message, "file": self.files[body["file_url"]]}
        id = self.take(message.get("custom_string", ""), message)
        return self._answer({name: message[name] for name in message if name != "file"}, id, "SUCCESS")

    def _answer(self, message: dict[str, Any], id: str, status: str) -> web.Response:
        entry = {**message, "message_id": id, "message_parts": 1, "message_price": "0.07", "status": status}
        data = {"total_price": 0.07, "total_count": 1, "queued_count": 1, "messages": [entry]}
        words = {"response_code": "SUCCESS", "response_msg": "Messages queued for delivery."}
        return say(200, {"http_code": 200, **words, "data": data})

    async def _upload(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("tocsin", SECRET):
            return self.refusal("auth")
        if request.query.get("convert") != "fax":
            return say(400, {"http_code": 400, "response_code": "BAD_REQUEST", "response_msg": "", "data": None})
        url = f"https://files.example/{len(self.files)}.pdf"
        self.files[url] = b64decode((await request.json())["content"], validate=True)
        data = {"_url": url, "content": None}
        return say(200, {"http_code": 200, "response_code": "SUCCESS", "response_msg": "…", "data": data})

    async def _receipt(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        if id not in {f"V{n:08d}" for n in range(1, len(self.refs) + 1)}:
            return say(404, {"http_code": 404, "response_code": "NOT_FOUND", "response_msg": "", "data": None})
        data = receipt("201", self.refs[int(id[1:]) - 1], id)
        return say(200, {"http_code": 200, "response_code": "SUCCESS", "response_msg": "", "data": data})

    def reports(self, ref: str) -> list[bytes]:
        forms = [urlencode(receipt(code, ref)).encode() for code in ("200", "201", "300", "301")]
        return [*forms, json.dumps(receipt("201", ref)).encode()]

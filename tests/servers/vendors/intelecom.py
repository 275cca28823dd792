"""Intelecom's (Puzzel's) gateway, REST with JSON, as its public documentation describes it."""

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from engine.segments import Alphabet, count
from tests.contracts.provider import NUMBER, SECRET
from tests.servers.vendors import TOKEN, TokenVendor, say


def report(code: int, ref: str = "r1", words: str = "OK. Message processed successfully.") -> dict[str, Any]:
    return {
        "messageid": "6y034000cy00",
        "customerbatchreference": "MyBatch001",
        "customermessagereference": ref,
        "serviceid": 123,
        "servicename": "Testtjeneste",
        "mcc": 242,
        "mnc": 1,
        "type": 6,
        "statuscode": code,
        "statusdescription": words,
        "extstatuscode": "0",
        "extstatusdescription": f"for {NUMBER}",
    }


class Intelecom(TokenVendor):
    """Takes messages; our reference is the clientReference."""

    driver = "intelecom"

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/gw/rs/sendMessages", self.script(self._take))]

    def settings(self) -> dict[str, Any]:
        url = f"{self.listener.url}/gw/rs/sendMessages"
        return {"url": url, "service": "1000", "user": "tocsin", "password": SECRET, "reports_token": TOKEN}

    def refusal(self, reason: str) -> web.Response:
        code, words = {
            "auth": (2, f"No access for {SECRET}"),
            "service": (4, "An illegal service was tried"),
            "refused": (5, f"Syntax error: recipient {NUMBER}"),
            "quota": (24, "Quota exceeded"),
            "internal": (6, "Internal error"),
            "twice": (25, "Not unique"),
        }[reason]
        return self._answer(code, words, "760081j1ll00" if reason == "quota" else None)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["serviceId"], body["username"], body["password"]) != (1000, "tocsin", SECRET):
            return self.refusal("auth")
        [message] = body["message"]
        if not message["recipient"].startswith("+"):
            return self.refusal("refused")
        plain = not message["settings"].get("autoDetectEncoding")
        if plain and count(message["content"]).alphabet is not Alphabet.GSM7:
            return self.refusal("refused")
        id = self.take(message["clientReference"], message)
        return self._answer(1, "Message enqueued for sending", id, message["clientReference"])

    def _answer(self, code: int, words: str, id: str | None, ref: str | None = None) -> web.Response:
        status = {
            "statusCode": code,
            "statusMessage": words,
            "clientReference": ref,
            "recipient": NUMBER,
            "messageId": id,
            "sessionId": None,
            "sequenceIndex": 1,
        }
        return say(200, {"batchReference": "b1", "messageStatus": [status]})

    def reports(self, ref: str) -> list[bytes]:
        both = {"dr": [report(0, ref), report(364, ref)]}
        return [json.dumps(both).encode(), *(json.dumps({"dr": [report(code, ref)]}).encode() for code in (351, 390))]

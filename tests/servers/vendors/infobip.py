"""Infobip's SMS API v3, as it documents itself and as its own SDK understands it."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from engine.channels.proof import Proof
from tests.contracts.provider import NUMBER, SECRET, Callback
from tests.servers.vendors import Vendor, say

GROUPS = {0: "OK", 1: "PENDING", 2: "UNDELIVERABLE", 3: "DELIVERED", 4: "EXPIRED", 5: "REJECTED"}
#: id -> (group, name).
STATUSES = {
    2: (3, "DELIVERED_TO_OPERATOR"),
    4: (2, "UNDELIVERABLE_REJECTED_OPERATOR"),
    5: (3, "DELIVERED_TO_HANDSET"),
    7: (1, "PENDING_ENROUTE"),
    8: (5, "REJECTED_PREFIX_MISSING"),
    9: (2, "UNDELIVERABLE_NOT_DELIVERED"),
    12: (5, "REJECTED_NOT_ENOUGH_CREDITS"),
    15: (4, "EXPIRED_EXPIRED"),
    19: (5, "REJECTED_ROUTE_NOT_AVAILABLE"),
    20: (5, "REJECTED_FLOODING_FILTER"),
    21: (5, "REJECTED_SYSTEM_ERROR"),
    23: (5, "REJECTED_DUPLICATE_MESSAGE_ID"),
    26: (1, "PENDING_ACCEPTED"),
    52: (5, "REJECTED_DESTINATION"),
}


def status(id: int) -> dict[str, Any]:
    group, name = STATUSES[id]
    return {"groupId": group, "groupName": GROUPS[group], "id": id, "name": name, "description": f"About {NUMBER}"}


def report(ref: str, id: int, error: int = 0) -> dict[str, Any]:
    return {
        "bulkId": "b1",
        "messageId": ref,
        "to": NUMBER[1:],
        "sender": "Tocsin",
        "sentAt": "2026-11-21T10:00:00.000+0000",
        "doneAt": "2026-11-21T10:00:02.000+0000",
        "messageCount": 1,
        "price": {"pricePerMessage": 0.05, "currency": "EUR"},
        "status": status(id),
        "error": {
            "groupId": 1 if error else 0,
            "groupName": "HANDSET_ERRORS" if error else "OK",
            "id": error,
            "name": f"EC_{error}" if error else "NO_ERROR",
            "description": "",
            "permanent": False,
        },
    }


class Infobip(Vendor):
    """Takes messages, knows a message id again, and keeps a log."""

    driver = "infobip"

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/sms/3/messages", self.script(self._send)),
            web.get("/sms/3/logs", self._log),
            web.get("/account/1/balance", self.behind(f"App {SECRET}")),
        ]

    def settings(self) -> dict[str, Any]:
        return {"url": self.listener.url, "key": SECRET, "sender": "Tocsin"}

    def refusal(self, reason: str) -> web.Response:
        if reason == "auth":
            error = {"messageId": "UNAUTHORIZED", "text": f"Invalid login details for {SECRET}"}
            return say(401, {"requestError": {"serviceException": error}})
        return self._answer("r1", {"bad_number": 52, "no_credit": 12, "refused": 19}[reason])

    async def _send(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"App {SECRET}":
            return self.refusal("auth")
        answers = []
        for entry in (await request.json())["messages"]:
            for destination in entry["destinations"]:
                ref = destination.get("messageId") or f"made-{len(self.refs)}"
                known = ref in self.refs
                if not known:
                    self.take(ref, {**entry, "to": destination["to"]})
                answers.append(self._entry(ref, 23 if known else 26))
        return say(200, {"bulkId": "b1", "messages": answers})

    def _answer(self, ref: str, id: int) -> web.Response:
        return say(200, {"bulkId": "b1", "messages": [self._entry(ref, id)]})

    def _entry(self, ref: str, id: int) -> dict[str, Any]:
        return {
            "messageId": ref,
            "status": status(id),
            "destination": NUMBER[1:],
            "details": {"messageCount": 1},
        }

    async def _log(self, request: web.Request) -> web.Response:
        found = [ref for ref in self.refs if ref == request.query.get("messageId")]
        entries = [{**report(ref, 5), "destination": NUMBER[1:]} for ref in found]
        return say(200, {"results": entries, "cursor": {"limit": 100, "nextCursor": None}})

    def callbacks(self, ref: str) -> list[Callback]:
        query = {"ref": ref, "proof": Proof("vendor", SECRET).of(ref)}
        return [
            Callback(query=query, body=say(200, {"results": [report(ref, id, error)]}).body or b"")  # type: ignore[arg-type]
            for id, error in ((5, 0), (2, 0), (7, 0), (9, 27), (4, 1), (15, 0), (52, 0))
        ]

    def forgeries(self, ref: str) -> list[Callback]:
        honest = self.callbacks(ref)
        proof = honest[0].query["proof"]
        wrong: list[dict[str, str]] = [
            {},
            {"ref": ref},
            {"ref": ref, "proof": proof[:-1]},
            {"ref": "r2", "proof": proof},
            {"ref": "\udcff", "proof": "é"},
        ]
        return [
            each._replace(query=query, body=body) for each in honest for query in wrong for body in (each.body, b"x")
        ]

    def garbage(self, ref: str) -> list[Callback]:
        honest = self.callbacks(ref)[0]
        other = self.callbacks("r2")[0].body
        return [*super().garbage(ref), honest._replace(body=other), honest._replace(body=b'{"results": []}')]

"""Vonage's Messages API v1 for SMS, as its own SDK speaks to it; our side is the preset of the driver `http`."""

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import encode_basic_auth, web

from tests.contracts.provider import NUMBER, SECRET, Callback
from tests.servers.vendors import TOKEN, Vendor, say


def proven(bodies: Sequence[bytes]) -> list[Callback]:
    """Callbacks whose address ends in the proof."""
    return [Callback(query={"proof": TOKEN}, body=body) for body in bodies]


def unproven(callbacks: Sequence[Callback]) -> list[Callback]:
    """The same without it, or with a wrong one."""
    wrong: list[dict[str, str]] = [{"proof": ""}, {"proof": TOKEN[:-1]}, {"proof": SECRET}, {"proof": "\udcffé"}]
    made = [each._replace(query={**each.query, **query}) for each in callbacks for query in wrong]
    bare = {name: value for name, value in callbacks[0].query.items() if name != "proof"}
    return [*made, *(each._replace(query=bare) for each in callbacks), Callback(body=b"nonsense")]


def status(word: str, ref: str) -> bytes:
    tree = {
        "message_uuid": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
        "to": NUMBER[1:],
        "from": "Tocsin",
        "timestamp": "2026-11-21T10:00:00.000Z",
        "status": word,
        "client_ref": ref,
        "channel": "sms",
        **(
            {"error": {"type": "#1320", "title": "1320", "detail": f"{NUMBER} is off"}}
            if word == "undeliverable"
            else {}
        ),
    }
    return json.dumps(tree).encode()


#: What it takes, by channel.
KINDS = (("sms", "text"), ("mms", "text"), ("mms", "image"), ("rcs", "text"), ("rcs", "card"))


class Vonage(Vendor):
    """Takes messages; our reference is the client_ref."""

    driver = "http"
    #: Numbers without RCS, and how often somebody asked about one.
    plain: Sequence[str] = ()
    looked = 0

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/messages", self.script(self._take)),
            web.get("/rcs/{sender}/google/phones/{number}/capabilities", self._look),
            web.get("/account/get-balance", self.behind(api_key="tocsin", api_secret=SECRET)),
        ]

    def settings(self) -> dict[str, Any]:
        secrets = {"key": "tocsin", "secret": SECRET, "reports": TOKEN}
        url = f"{self.listener.url}/v1/messages"
        balance = {"url": f"{self.listener.url}/account/get-balance"}
        return {"preset": "vonage", "sender": "Tocsin", "secrets": secrets, "send": {"url": url}, "sign_in": balance}

    def refusal(self, reason: str) -> web.Response:
        status, code, detail = {
            "auth": (401, "", f"You did not provide correct credentials: {SECRET}"),
            "bad_number": (422, "1170", f"Invalid or Missing Msisdn Param {NUMBER}"),
            "no_credit": (402, "1080", "Your account balance is too low"),
            "refused": (422, "1120", "Illegal Sender Address - rejected"),
        }[reason]
        kind = f"https://developer.vonage.com/api-errors/messages#{code}"
        return say(status, {"type": kind, "title": "No", "detail": detail, "instance": "bf0ca0bf"})

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth("tocsin", SECRET):
            return self.refusal("auth")
        body = await request.json()
        if (body.get("channel"), body.get("message_type")) not in KINDS:
            return self.refusal("refused")
        if not body["to"].isdecimal():
            return self.refusal("bad_number")
        return say(202, {"message_uuid": self.take(body.get("client_ref", ""), body)})

    async def _look(self, request: web.Request) -> web.Response:
        """Its answers are those of the page "RCS Device Capability Check"."""
        self.looked += 1
        if request.headers.get("Authorization") != "Bearer token-of-the-day":
            return say(401, {"title": "Unauthorized"})
        if request.match_info["number"] in self.plain:
            return say(404, {"title": "The number cannot receive RCS"})
        return say(200, {"features": ["RICHCARD_STANDALONE"]})

    def callbacks(self, ref: str) -> list[Callback]:
        return proven([status(word, ref) for word in ("submitted", "delivered", "undeliverable", "rejected")])

    def forgeries(self, ref: str) -> list[Callback]:
        return unproven(self.callbacks(ref))

"""Vendors as they document themselves: each a small server on loopback that can be told how to fail."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from engine.answer import ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.net import Http
from engine.web.server import Listener
from tests.contracts.provider import GARBAGE, LONG, NUMBER, SECRET, Callback

PUBLIC = "https://tocsin.example"


class Vendor:
    """The vendor's server and, for the contract, the rig. A subclass says how the vendor is spoken to."""

    #: driver in engine.yaml.
    driver = ""

    def __init__(self) -> None:
        self.http = Http()
        self.asked = 0
        self.refs: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self._next: dict[str, Any] = {}
        app = web.Application()
        app.add_routes(self.routes())
        self.listener = Listener(app, "127.0.0.1", 0, remedy="")

    # ---- what a subclass says

    def routes(self) -> Sequence[web.RouteDef]:
        """What the server answers to; what takes messages is wrapped in `script`."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """How the provider is written, without driver and time-out."""
        raise NotImplementedError

    def refusal(self, reason: str) -> web.Response:
        """The vendor's no for one of the contract's reasons."""
        raise NotImplementedError

    def callbacks(self, ref: str) -> list[Callback]:
        raise NotImplementedError

    def forgeries(self, ref: str) -> list[Callback]:
        raise NotImplementedError

    def garbage(self, ref: str) -> list[Callback]:
        """The proof of an honest callback with nonsense in the body."""
        return [self.callbacks(ref)[0]._replace(body=body) for body in GARBAGE]

    # ---- the rig

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG, **settings: Any) -> Provider:
        known = {"driver": self.driver, "timeout": timeout, **self.settings(), **settings}
        made = registry.build("vendor", registry.SETTINGS[self.driver].model_validate(known), self.http, PUBLIC)
        assert made.provider_class is provider_class
        return made

    async def behave(self, do: str, **how: Any) -> None:
        self._next = {"do": do, **how}

    def taken(self) -> list[str]:
        return self.refs

    async def switch_off(self) -> None:
        await self.listener.stop()

    async def start(self) -> None:
        await self.listener.start()

    async def stop(self) -> None:
        await self.listener.stop()
        await self.http.close()

    # ---- the script

    def script(
        self, answer: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`answer`, but for what the next request was told to meet with."""

        async def follow(request: web.Request) -> web.StreamResponse:
            self.asked += 1
            how, self._next = self._next, {}
            match how.get("do"):
                case "refuse":
                    return self.refusal(how["reason"])
                case "busy" | "unavailable" as do:
                    status = 429 if do == "busy" else 503
                    return web.Response(status=status, headers={"Retry-After": str(how["seconds"])})
                case "fail":
                    return web.Response(status=500, text="Internal Server Error")
                case "drop_before":
                    return _hang_up(request)
            said = await answer(request)
            match how.get("do"):
                case "drop_after":
                    return _hang_up(request)
                case "late":
                    await asyncio.sleep(how["seconds"])
                case "garbage":
                    return web.Response(text="<html>200 OK</html>", content_type="text/html")
                case "say":
                    return web.Response(status=how["status"], body=how["body"])
            return said

        return follow

    def behind(self, header: str = "", **query: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """What only whoever signs in so may see, and what holds more than anybody should repeat."""

        async def show(request: web.Request) -> web.StreamResponse:
            shown = request.headers.get("Authorization", "")
            if shown != header or any(request.query.get(name) != value for name, value in query.items()):
                return self.refusal("auth")
            return say(200, {"balance": 4711, "auth_token": SECRET, "owner": NUMBER})

        return show

    def take(self, ref: str, fields: dict[str, Any]) -> str:
        """Remember a message; returns the vendor's own id for it."""
        self.refs.append(ref)
        self.requests.append(fields)
        return f"V{len(self.refs):08d}"


def say(status: int, tree: Any) -> web.Response:
    """A reply in JSON."""
    return web.Response(status=status, text=json.dumps(tree), content_type="application/json")


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


#: What stands in the address for reports of a vendor that reports to one address for all messages.
TOKEN = "reports-4711"


class TokenVendor(Vendor):
    """A vendor that signs nothing: whoever knows the address is believed."""

    def reports(self, ref: str) -> list[bytes]:
        """The bodies of honest callbacks."""
        raise NotImplementedError

    def callbacks(self, ref: str) -> list[Callback]:
        shown = [Callback(query={"token": TOKEN}, body=body) for body in self.reports(ref)]
        return [*shown, shown[0]._replace(query={}, headers={"Authorization": f"Bearer {TOKEN}"})]

    def forgeries(self, ref: str) -> list[Callback]:
        wrong = ({}, {"token": ""}, {"token": TOKEN[:-1]}, {"token": SECRET}, {"token": "\udcffé"})
        bodies = [*self.reports(ref), b"nonsense"]
        return [Callback(query=query, body=body) for query in wrong for body in bodies]

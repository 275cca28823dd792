"""A gate before a real Kannel that breaks what it is told to break, for the next request."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from engine.net import Http
from engine.web.server import Listener
from tests.contracts.provider import LONG
from tests.servers.kannel import KannelServer
from tests.servers.pymap_server import free_port


class Gate:
    """Stands before the gateway and breaks what it is told to break; also where Kannel's reports arrive."""

    def __init__(self, kannel: KannelServer) -> None:
        self.kannel = kannel
        self.http = Http()
        self.next: dict[str, Any] = {}
        self.taken: list[str] = []
        self.reports: list[dict[str, str]] = []
        app = web.Application()
        app.add_routes([web.get("/cgi-bin/sendsms", self._pass), web.get("/callbacks/gateway", self._hear)])
        self.listener = Listener(app, "127.0.0.1", free_port(), remedy="")

    async def _hear(self, request: web.Request) -> web.Response:
        self.reports.append(dict(request.query))
        return web.Response(text="ok")

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        how, self.next = self.next, {}
        fields = dict(request.query)
        match how.get("do"), how.get("reason"):
            case "refuse", "auth":
                fields["password"] = "wrong"
            case "refuse", _:
                del fields["to"]
            case "drop_before", _:
                return self._hang_up(request)
            case "fail", _:
                return web.Response(status=500, text="Sending failed.")
            case ("busy" | "unavailable") as do, _:
                status = 429 if do == "busy" else 503
                return web.Response(status=status, headers={"Retry-After": str(how["seconds"])})
        reply = await self.http.request("GET", f"{self.kannel.url}?{urlencode(fields)}", timeout=LONG)
        if reply.status == 202:
            ours = dict(parse_qsl(urlsplit(fields["dlr-url"]).query))
            self.taken.append(ours["ref"])
        match how.get("do"):
            case "drop_after":
                return self._hang_up(request)
            case "late":
                await asyncio.sleep(how["seconds"])
            case "garbage":
                return web.Response(text="<html>200 OK</html>", content_type="text/html")
        return web.Response(status=reply.status, body=reply.body)

    def _hang_up(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

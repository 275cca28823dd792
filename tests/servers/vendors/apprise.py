"""A service behind Apprise, as its plugin `json://` speaks to it."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tests.contracts.provider import GARBAGE, NUMBER, SECRET, Callback
from tests.servers.vendors import Vendor


class Bridged(Vendor):
    """Our reference stands in a field of its own, for the contract to count by."""

    driver = "apprise"

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/sms/{number}", self.script(self._take))]

    def settings(self) -> dict[str, Any]:
        scheme, _, place = self.listener.url.partition("://")
        plugin = "jsons" if scheme == "https" else "json"
        return {"url": f"{plugin}://tocsin:{SECRET}@{place}/sms/{{number}}?:ref={{ref}}"}

    def refusal(self, reason: str) -> web.Response:
        return web.Response(status={"auth": 401, "no_credit": 402}.get(reason, 400), text=f"no: {NUMBER}")

    def forgeries(self, ref: str) -> list[Callback]:
        return [Callback(body=body) for body in GARBAGE]

    def callbacks(self, ref: str) -> list[Callback]:
        return []

    def garbage(self, ref: str) -> list[Callback]:
        return []

    async def _take(self, request: web.Request) -> web.Response:
        fields = await request.json()
        self.take(fields["ref"], {"number": request.match_info["number"], **fields})
        return web.Response()

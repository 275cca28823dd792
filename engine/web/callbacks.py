"""Delivery reports of providers: 200 only once they are durable on the stream, so that none is lost."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.channels.provider import Provider, Thanking
from engine.failpoints import failpoint
from engine.topics import RECEIPTS, Topic
from engine.web.refusal import keeping, reading

MOST_CALLBACK_BYTES = 64 * 1024


def take_callbacks(
    providers: Mapping[str, Provider], publish: Callable[[Topic, Sequence[Any]], Awaitable[None]]
) -> Handler:
    """The handler of `/callbacks/{provider}`, POST or GET: some gateways report by a plain GET.

    404: no such provider · 413: too long · 403: forged · 400: garbage · 503: not kept, tell us again · 200: kept.
    """

    async def take(request: web.Request) -> web.Response:
        provider = providers.get(request.match_info["provider"])
        if provider is None:
            return web.Response(status=404, text="no such provider\n")
        what = f"a callback of provider {provider.name}"
        body = await request.read()  # aiohttp answers 413 past client_max_size
        with reading(what):
            reports = provider.read_callback(request.headers, request.query, body)
        with keeping(what):
            await publish(RECEIPTS, reports)
        failpoint("callback_published")
        return web.Response(text=provider.thank(body) if isinstance(provider, Thanking) else "ok\n")

    return take

"""Delivery reports of providers: 200 only once they are durable on the stream, so that none is lost."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from engine.channels.provider import Provider, Thanking
from engine.failpoints import failpoint
from engine.topics import RECEIPTS, Topic

MOST_CALLBACK_BYTES = 64 * 1024

_log = logging.getLogger(__name__)


def take_callbacks(
    providers: Mapping[str, Provider], publish: Callable[[Topic, Sequence[Any]], Awaitable[None]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `/callbacks/{provider}`, POST or GET: some gateways report by a plain GET.

    404: no such provider · 413: too long · 403: forged · 400: garbage · 503: not kept, tell us again · 200: kept.
    """

    async def take(request: web.Request) -> web.Response:
        provider = providers.get(request.match_info["provider"])
        if provider is None:
            return web.Response(status=404, text="no such provider\n")
        body = await request.read()  # aiohttp answers 413 past client_max_size
        try:
            reports = provider.read_callback(request.headers, request.query, body)
        except PermissionError:
            _log.warning("a callback for provider %s was refused: it is not from the provider", provider.name)
            return web.Response(status=403, text="forbidden\n")
        except ValueError:
            _log.warning("a callback for provider %s was refused: it makes no sense", provider.name)
            return web.Response(status=400, text="not a callback of this provider\n")
        try:
            await publish(RECEIPTS, reports)
        except Exception as error:
            # Whatever went wrong, the report is not ours yet: the provider must keep it and try again.
            _log.error("a callback of provider %s could not be kept: %s", provider.name, type(error).__name__)
            return web.Response(status=503, headers={"Retry-After": "5"}, text="try again\n")
        failpoint("callback_published")
        return web.Response(text=provider.thank(body) if isinstance(provider, Thanking) else "ok\n")

    return take

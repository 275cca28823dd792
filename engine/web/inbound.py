"""Texts from phones: 200 only once they are durable on the stream, so that none is lost."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from engine.channels.provider import Hear, Hearing, Provider
from engine.failpoints import failpoint

_log = logging.getLogger(__name__)


def take_inbound(providers: Mapping[str, Provider], hear: Hear) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `/inbound/{provider}`, POST or GET, with the answers of `/callbacks/{provider}`.

    What we say may be sent to the phone as an answer, so nothing is said but what the provider asks for.
    """

    async def take(request: web.Request) -> web.Response:
        name = request.match_info["provider"]
        provider = providers.get(name)
        if provider is None or not isinstance(provider, Hearing):
            return web.Response(status=404, text="no such provider, or none that brings texts from phones\n")
        body = await request.read()  # aiohttp answers 413 past client_max_size
        try:
            heard = provider.read_inbound(request.headers, request.query, body)
            thanks = provider.thank_inbound(body)
        except PermissionError:
            _log.warning("a text through provider %s was refused: it is not from the provider", name)
            return web.Response(status=403, text="forbidden\n")
        except ValueError:
            _log.warning("a text through provider %s was refused: it makes no sense", name)
            return web.Response(status=400, text="no text from a phone as this provider brings it\n")
        try:
            await hear(heard)
        except Exception as error:
            # Whatever went wrong, the text is not ours yet: the provider must keep it and try again.
            _log.error("a text through provider %s could not be kept: %s", name, type(error).__name__)
            return web.Response(status=503, headers={"Retry-After": "5"}, text="try again\n")
        failpoint("inbound_published")
        return web.Response(text=thanks, content_type="text/xml" if thanks.startswith("<") else "text/plain")

    return take

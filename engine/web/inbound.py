"""Texts from phones: 200 only once they are durable on the stream, so that none is lost."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.channels.provider import Hear, Hearing, Provider
from engine.failpoints import failpoint
from engine.web.refusal import keeping, reading


def take_inbound(providers: Mapping[str, Provider], hear: Hear) -> Handler:
    """The handler of `/inbound/{provider}`, POST or GET, with the answers of `/callbacks/{provider}`.

    What we say may be sent to the phone as an answer, so nothing is said but what the provider asks for.
    """

    async def take(request: web.Request) -> web.Response:
        provider = providers.get(request.match_info["provider"])
        if provider is None or not isinstance(provider, Hearing):
            return web.Response(status=404, text="no such provider, or none that brings texts from phones\n")
        what = f"a text through provider {provider.name}"
        body = await request.read()  # aiohttp answers 413 past client_max_size
        with reading(what):
            heard = provider.read_inbound(request.headers, request.query, body)
            thanks = provider.thank_inbound(body)
        with keeping(what):
            await hear(heard)
        failpoint("inbound_published")
        return web.Response(text=thanks, content_type="text/xml" if thanks.startswith("<") else "text/plain")

    return take

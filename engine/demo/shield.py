"""What every page of the demo wears: no script or style but its own, no framing, no foreign host name."""

from collections.abc import Awaitable, Callable
from importlib import resources

from aiohttp import web

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_KIND = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def shield(app: web.Application, *, loopback: bool) -> None:
    """Give every answer of `app` the headers; on loopback, refuse other host names and what other pages post."""

    # Headers are added where a stream can still take them: a middleware is too late for one that has begun.
    async def dress(_request: web.Request, response: web.StreamResponse) -> None:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A foreign name that points at this machine (DNS rebinding), or a foreign page that posts here.
        if loopback and request.url.host not in LOOPBACK:
            raise web.HTTPMisdirectedRequest(text="this page answers on this machine's own address only\n")
        if request.method != "GET" and request.headers.get("Sec-Fetch-Site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            raise web.HTTPForbidden(text="this was sent by another page\n")
        return await handler(request)

    app.on_response_prepare.append(dress)
    app.middlewares.append(guard)


def serve_page(name: str) -> Handler:
    """A handler for one of the files in `page/`."""
    body = (resources.files("engine.demo") / "page" / name).read_bytes()
    kind = _KIND[name.rpartition(".")[2]]

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return serve

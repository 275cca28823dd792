"""Files that went with messages, for whoever holds a link to one: its proof is all that is asked for.

Who fetches what is written nowhere: a link in a log would be a key in a log.
"""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.links import Links
from engine.medium import BYTES, ENDINGS, KNOWN, Medium
from engine.store import media
from engine.store.database import Database
from engine.web.refusal import no

ROUTE = "/media/{id}/{hours}/{proof}/{name}"


def serve_media(store: Database, links: Links, clock: Callable[[], datetime]) -> Handler:
    """The handler of `ROUTE`, GET and HEAD, with ranges.

    403: no link of ours · 410: its time is over · 404: the file is gone · 200, 206, 416.
    """

    async def serve(request: web.Request) -> web.Response:
        shown = request.match_info
        try:
            id, until = links.read(shown["id"], shown["hours"], shown["proof"])
        except PermissionError:
            return no(403, "this is no link of ours")
        if clock() >= until:
            return no(410, "this link is over")
        found = await store.aread(lambda connection: media.find(connection, [id]))
        if id not in found:
            return no(404, "this file is no longer here")
        return _answer(request, found[id].medium)

    return serve


def _answer(request: web.Request, file: Medium) -> web.Response:
    """The file or the range of it that is asked for (RFC 9110 14.2); several ranges are answered with all of it."""
    size = len(file.body)
    try:
        asked = request.http_range
    except ValueError:
        asked = slice(None, None, 1)
    start, stop, _ = asked.indices(size)
    headers = {**_headers(file), "Accept-Ranges": "bytes"}
    if asked.start is None:
        return web.Response(body=file.body, headers=headers)
    if start >= stop:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return web.Response(status=206, body=file.body[start:stop], headers=headers)


def _headers(file: Medium) -> dict[str, str]:
    """Nothing that a browser would run, guess at, keep for others, or tell others about."""
    shown = file.media_type in KNOWN
    # Twilio wants a short plain name; who reads RFC 6266 gets the real one.
    plain, real = f"file.{ENDINGS.get(file.media_type, 'bin')}", quote(file.name, safe="")
    return {
        "Content-Type": file.media_type if shown else BYTES,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename={plain}; filename*=UTF-8''{real}",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }

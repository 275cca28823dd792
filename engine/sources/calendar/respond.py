"""Write an answer back to a CalDAV server: read, change one line, write if nobody else wrote meanwhile (RFC 4791)."""

import asyncio
from urllib.parse import urljoin, urlsplit

from engine.errors import SourceError
from engine.reason import Reason
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import read_sign_in
from engine.sources.calendar.partstat import RefusedError, Wanted, answer
from engine.sources.calendar.refusal import explain
from engine.visit import Bounds, Visitor

#: How often it is read again because somebody else wrote in between.
TRIES = 4
#: An answer is no download: a server that takes longer is asked again later.
BOUNDS = Bounds(silence=10.0, whole=15.0)
#: Somebody else has written, or writes just now: the object is to be read again.
_AGAIN = frozenset({409, 412, 423})
#: It may be taken later.
_LATER = frozenset({408, 425, 429})


async def respond(feed: Feed, path: str, wanted: Wanted, bounds: Bounds = BOUNDS) -> bool:
    """Write the answer into the object at `path` of a CalDAV feed; False when it stood there already.

    Raises RefusedError when it never can stand there, SourceError when the server has trouble (`unreachable`) or
    does not let us in.
    """
    if feed.caldav is None:
        raise RefusedError(Reason.RSVP_READ_ONLY)
    # The server's own name for it, on no other server.
    address = urljoin(feed.address, urlsplit(path).path)
    sign_in = await asyncio.to_thread(read_sign_in, feed)
    async with Visitor(private=feed.private, ca_file=feed.ca_file, sign_in=sign_in, bounds=bounds) as visitor:
        for _ in range(TRIES):
            # Unpacked: where a server packs, it names the packed version by another tag, and knows none like it.
            page = await visitor.visit(address, headers={"Accept": "text/calendar", "Accept-Encoding": "identity"})
            if page.status in (404, 410):
                raise RefusedError(Reason.APPOINTMENT_GONE)
            if page.status != 200:
                raise explain(page, feed.place, signed_in=bool(feed.user))
            # In a thread: an object may be long.
            body = await asyncio.to_thread(answer, page.body, wanted)
            if body == page.body:
                return False
            tag = page.headers.get("etag", "")
            if not tag:
                # Without a version somebody else's change could be lost.
                raise RefusedError(Reason.RSVP_READ_ONLY)
            content = page.headers.get("content-type", "text/calendar; charset=utf-8")
            headers = {"If-Match": tag, "Content-Type": content}
            done = await visitor.visit(address, method="PUT", headers=headers, body=body)
            if done.status in (200, 201, 204):
                return True
            if 400 <= done.status < 500 and done.status not in _AGAIN | _LATER:
                raise RefusedError(Reason.RSVP_READ_ONLY)
            if done.status not in _AGAIN:
                raise explain(done, feed.place, signed_in=bool(feed.user))
    raise SourceError("the appointment is changed again and again", place=feed.place, unreachable=True)

"""Fetch a feed: from a web address, a file or a collection, as little as its server lets us."""

import asyncio
import stat
from pathlib import Path

from engine.errors import SourceError
from engine.sources.calendar.caldav import sync
from engine.sources.calendar.copy import Copy, Piece
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.refusal import explain, require_calendar
from engine.sources.calendar.split import decode
from engine.visit import Bounds, SignIn, TooMuchError, Visitor

_MOST_SECRET = 64 * 1024


async def fetch(feed: Feed, before: Copy, bounds: Bounds | None = None) -> Copy:
    """The feed as it is now; of what did not change since `before`, its pieces.

    Raises SourceError with place and remedy; `before` is as good as it was.
    """
    bounds = bounds or Bounds()
    if feed.file is not None:
        return await asyncio.to_thread(read_file, feed.file, before, bounds.bytes)
    sign_in = await asyncio.to_thread(read_sign_in, feed)
    async with Visitor(private=feed.private, ca_file=feed.ca_file, sign_in=sign_in, bounds=bounds) as visitor:
        if feed.caldav is not None:
            return await sync(visitor, feed, before)
        return await download(visitor, feed, before)


async def download(visitor: Visitor, feed: Feed, before: Copy) -> Copy:
    """What lies at a web address, unless the server says that it is what we have (RFC 9110 section 13.1)."""
    have = before.pieces.get("", Piece())
    asked = {"Accept": "text/calendar, */*;q=0.5"}
    if have.etag:
        asked["If-None-Match"] = have.etag
    if before.modified:
        asked["If-Modified-Since"] = before.modified
    page = await visitor.visit(feed.address, headers=asked)
    if page.status == 304 and have.text:
        return before
    if page.status != 200:
        raise explain(page, feed.place, signed_in=bool(feed.user))
    # In a thread: for the longest calendars it takes longer than the loop can wait.
    text = await asyncio.to_thread(decode, page.body)
    require_calendar(text, feed.place)
    piece = Piece(etag=page.headers.get("etag", ""), text=text)
    return Copy(pieces={"": piece}, modified=page.headers.get("last-modified", ""))


def read_file(path: Path, before: Copy, most: int) -> Copy:
    """What is in a file, unless its time and size are what they were. Blocking."""
    place = str(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise SourceError("this is no file", place=place, remedy="write the path of a calendar file")
        version = f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"
        if before.pieces.get("", Piece()).etag == version:
            return before
        with path.open("rb") as file:
            body = file.read(most + 1)
    except OSError as error:
        raise SourceError(
            f"the file cannot be read: {error.strerror}", place=place, remedy="correct its name or mode"
        ) from None
    if len(body) > most:
        raise TooMuchError(f"the file is longer than {most // 1024} KiB", place=place, remedy="split the calendar")
    text = decode(body)
    require_calendar(text, place)
    return Copy(pieces={"": Piece(etag=version, text=text)})


def read_sign_in(feed: Feed) -> SignIn | None:
    """User and password as they are now. Blocking. Raises SourceError: which file failed, never what it held."""
    if feed.password is not None:
        return SignIn(feed.user, feed.password.get_secret_value())
    if feed.password_file is None:
        return None
    place, remedy = str(feed.password_file), "write the password into it"
    try:
        with feed.password_file.open("rb") as file:
            password = file.read(_MOST_SECRET).decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SourceError(f"the file cannot be read: {why}", place=place, remedy=remedy) from None
    if not password:
        raise SourceError("the file is empty", place=place, remedy=remedy)
    return SignIn(feed.user, password)

"""A collection of a CalDAV server, kept in step by asking only for what changed (RFC 6578, RFC 4791).

Servers are never asked to expand: some lose the alarms when they do.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice

from engine.errors import SourceError
from engine.sources.calendar.copy import Copy, Piece
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.multistatus import Member, Multistatus, read_multistatus
from engine.sources.calendar.refusal import explain
from engine.sources.calendar.split import MOST_APPOINTMENTS
from engine.visit import Page, Visitor

#: Objects asked for in one request; some servers refuse long lists.
BATCH = 100
#: Characters of all objects of a collection.
MOST_TEXT = 64 * 1024 * 1024
#: A server may tell its changes in parts (RFC 6578 section 3.6).
_MOST_PARTS = 100
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_CHANGES = (
    _HEAD + '<d:sync-collection xmlns:d="DAV:"><d:sync-token>{token}</d:sync-token>'
    "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
)
_OBJECTS = (
    _HEAD + '<c:calendar-multiget xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
    "<d:prop><d:getetag/><c:calendar-data/></d:prop>{hrefs}</c:calendar-multiget>"
)
_CTAG = (
    _HEAD + '<d:propfind xmlns:d="DAV:" xmlns:s="http://calendarserver.org/ns/">'
    "<d:prop><s:getctag/></d:prop></d:propfind>"
)
_ETAGS = _HEAD + '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/><d:resourcetype/></d:prop></d:propfind>'


@dataclass
class Changes:
    """What a collection says of its objects."""

    etags: dict[str, str]
    """By path: those that changed, or all of them."""
    gone: set[str]
    whole: bool
    """All objects are in `etags`; what is not there is gone."""
    token: str = ""
    ctag: str = ""


async def sync(visitor: Visitor, feed: Feed, before: Copy) -> Copy:
    """The collection as it is now. Raises SourceError; `before` is as good as it was."""
    collection = _Collection(visitor, feed)
    changes = await collection.look(before)
    if changes is None:
        return before
    if changes.whole:
        kept = {path: piece for path, piece in before.pieces.items() if path in changes.etags}
    else:
        kept = {path: piece for path, piece in before.pieces.items() if path not in changes.gone}
    if len(kept.keys() | changes.etags.keys()) > MOST_APPOINTMENTS:
        raise SourceError(
            f"the calendar holds over {MOST_APPOINTMENTS} appointments", place=feed.place, remedy="split it"
        )
    wanted = [path for path, etag in changes.etags.items() if not etag or kept.get(path, Piece()).etag != etag]
    # What could not be read last time; its server will not mention it again.
    wanted += [path for path, piece in kept.items() if not piece.etag and path not in changes.etags]
    pieces = await collection.read(wanted, kept)
    return Copy(pieces=pieces, token=changes.token, ctag=changes.ctag)


class _Collection:
    """The questions that are asked of one collection."""

    def __init__(self, visitor: Visitor, feed: Feed) -> None:
        self._visitor = visitor
        self._feed = feed

    async def look(self, before: Copy) -> Changes | None:
        """What changed since `before`; None when the server says that nothing did."""
        if before.ctag and not before.token:
            return await self._compare(before)
        if before.token:
            changes = await self._ask_changes(before.token)
            if changes is not None:
                return changes
        # The server does not know the token any more (403, 412), or there was none: all that there is.
        return await self._ask_changes("") or await self._compare(before)

    async def read(self, paths: Sequence[str], kept: Mapping[str, Piece]) -> Mapping[str, Piece]:
        """`kept` with these objects as they are now, without those that are gone."""
        pieces = dict(kept)
        room = MOST_TEXT - sum(len(piece.text) for piece in kept.values())
        rest = iter(paths)
        while batch := list(islice(rest, BATCH)):
            hrefs = "".join(f"<d:href>{escape(path)}</d:href>" for path in batch)
            page = await self._ask("REPORT", _OBJECTS.format(hrefs=hrefs), depth="1")
            told = {member.href: member for member in (await self._understand(page)).members}
            for path in batch:
                member = told.get(path, Member())
                if member.status in (404, 410):
                    pieces.pop(path, None)
                elif member.text:
                    pieces[path] = Piece(etag=member.etag, text=member.text)
                    room -= len(member.text)
                else:
                    # Not answered: what we have stays, without its version, so that it is asked for again.
                    pieces[path] = Piece(text=kept.get(path, Piece()).text)
            if room < 0:
                limit = MOST_TEXT // 1024 // 1024
                raise SourceError(
                    f"the calendar is longer than {limit} MiB", place=self._feed.place, remedy="split it"
                )
        return pieces

    async def _ask_changes(self, token: str) -> Changes | None:
        """What changed since the token; None when the server cannot say (RFC 6578 section 3.2)."""
        changes = Changes({}, set(), whole=not token)
        for _ in range(_MOST_PARTS):
            page = await self._ask("REPORT", _CHANGES.format(token=escape(token)), depth="0", may_refuse=True)
            if page.status != 207:
                return None
            answer = await self._understand(page)
            more = _sort(answer.members, changes)
            if not answer.token or (more and answer.token == token):
                return None
            token = changes.token = answer.token
            if not more:
                return changes
        raise SourceError("the server tells its changes without end", place=self._feed.place, unreachable=True)

    async def _compare(self, before: Copy) -> Changes | None:
        """The way of servers without sync-collection: one tag for all, else the tags of each."""
        page = await self._ask("PROPFIND", _CTAG, depth="0")
        ctag = next((member.ctag for member in (await self._understand(page)).members if member.ctag), "")
        settled = all(piece.etag for piece in before.pieces.values())
        if ctag and ctag == before.ctag and settled:
            return None
        changes = Changes({}, set(), whole=True, ctag=ctag)
        page = await self._ask("PROPFIND", _ETAGS, depth="1")
        _sort((await self._understand(page)).members, changes)
        return changes

    async def _ask(self, method: str, body: str, *, depth: str, may_refuse: bool = False) -> Page:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        address = self._feed.address
        page = await self._visitor.visit(address, method=method, headers=headers, body=body.encode())
        # 501 too is a no to the question, not trouble of the server's own.
        refuses = 400 <= page.status < 500 and page.status not in (401, 404, 429)
        if page.status == 207 or (may_refuse and (refuses or page.status == 501)):
            return page
        raise explain(page, self._feed.place, signed_in=bool(self._feed.user))

    async def _understand(self, page: Page) -> Multistatus:
        try:
            # In a thread: a long list takes longer than the loop can wait.
            return await asyncio.to_thread(read_multistatus, page.body)
        except ValueError as error:
            raise SourceError(
                f"the answer of the calendar server makes no sense: {error}",
                place=self._feed.place,
                remedy="write the address of the calendar itself, not of a page that shows it",
            ) from None


def _sort(members: Sequence[Member], changes: Changes) -> bool:
    """Put the members of an answer where they belong. True when it says that there is more (507)."""
    more = False
    for member in members:
        if member.status == 507:
            more = True
        elif member.href.endswith("/") or member.is_collection or not member.href:
            continue  # the collection itself, or one inside it
        elif member.status in (404, 410):
            changes.gone.add(member.href)
            changes.etags.pop(member.href, None)
        else:
            changes.etags[member.href] = member.etag
    return more

"""Answers to invitations → their calendars. A slow server keeps nobody waiting, and is tried until it is too late.

The answer is a row before anything is written, and it is marked only afterwards: a crash between the two writes the
same answer a second time, which changes nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from engine import topics
from engine.agents.air import Air
from engine.agents.calendar import known_by, source_of
from engine.agents.desk import Desk
from engine.errors import SourceError, StoreError, StreamError
from engine.event import MessageReceived
from engine.invitation import Invitation, known_as
from engine.reason import Reason
from engine.rules.rsvp import notify
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.partstat import RefusedError, Wanted
from engine.sources.calendar.respond import respond
from engine.sources.calendar.split import split
from engine.store import decisions, feeds, invitations
from engine.store.due import Due

log = logging.getLogger("tocsin.rsvp")

#: In the air at once.
MOST = 4
#: The longest that one may take, in seconds: less than the lease of what is due.
PATIENCE = 45.0
#: The longest time between two tries.
_PAUSE = timedelta(minutes=15)
_FIRST = timedelta(seconds=10)
#: Who answers is not left in doubt for longer, even when the appointment is far ahead.
_GIVE_UP = timedelta(hours=12)


class Rsvps:
    """The answers that are being written. One for each worker's timer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._air: Air[UUID] = Air()

    async def begin(self, taken: Sequence[Due]) -> None:
        """Begin to write what is due and finds room; the rest is due again when its lease is over."""
        self._air.land()
        for id in (UUID(each.key) for each in taken):
            if id not in self._air and len(self._air) < MOST:
                self._air.begin(id, self._write(id), "rsvp")

    async def end(self) -> None:
        """Wait for what is in the air."""
        await self._air.end()

    async def _write(self, id: UUID) -> None:
        try:
            await write_back(self._desk, id)
        except (StoreError, StreamError) as error:
            log.error("an answer to an invitation waits: %s", error)
        self._desk.bells.due.set()


async def write_back(desk: Desk, id: UUID) -> None:
    """Write one answer into its calendar, and say so where that is wanted. Raises StoreError, StreamError."""
    found = await desk.store.aread(lambda connection: invitations.find(connection, id))
    if found is None or found.answer is None or found.event_id is None:
        return
    reason = await _try(desk, found)
    now = desk.clock()
    if reason is None and _is_too_late(found, now):
        reason = Reason.RSVP_FAILED
    if reason is None:
        pause = min(_PAUSE, _FIRST * 2 ** min(found.tries, 10))
        later = now + pause / 2 + timedelta(seconds=desk.jitter(pause.total_seconds() / 2))
        await desk.store.awrite(lambda c: invitations.put_off(c, found, later), touching={found.account})
        return
    log.info("the answer %s of %s: %s", found.event_id, found.account, reason)
    await _tell(desk, found, reason)
    await desk.store.awrite(lambda c: invitations.end(c, found, reason), touching={found.account})


async def _try(desk: Desk, found: Invitation) -> Reason | None:
    """What the answer has come to; None when it may be written later."""
    account = desk.accounts.get(found.account)
    feed = next((feed for name, feed in desk.feeds if (name, feed.name) == (found.account, found.feed)), None)
    if account is None or feed is None or found.answer is None:
        return Reason.APPOINTMENT_GONE
    if feed.caldav is None:
        return Reason.RSVP_READ_ONLY
    try:
        async with asyncio.timeout(PATIENCE):
            place = await _find(desk, found, feed)
            if place is None:
                return Reason.APPOINTMENT_GONE
            path, uid = place
            wanted = Wanted(uid, found.recurrence_id, known_as(account, feed.user), found.answer.value, account.zone)
            await respond(feed, path, wanted)
    except RefusedError as error:
        return error.reason
    except (SourceError, TimeoutError) as error:
        log.warning("the answer %s of %s waits: %s", found.event_id, found.account, str(error) or "timed out")
        return None
    return Reason.RSVP_WRITTEN


async def _find(desk: Desk, found: Invitation, feed: Feed) -> tuple[str, str] | None:
    """The path of the object on its server, by our last good copy, and the UID that it has there."""
    row = await desk.store.aread(lambda connection: feeds.load(connection, (found.account, found.feed)))
    if row.source != source_of(feed):
        return None

    def look() -> tuple[str, str] | None:
        for path, piece in Copy.model_validate_json(row.copy).pieces.items():
            for uid in split(piece.text) if piece.text else ():
                if known_by(uid) == found.uid:
                    return path, uid
        return None

    return await asyncio.to_thread(look)


async def _tell(desk: Desk, found: Invitation, reason: Reason) -> None:
    """Say what it came to, to the phone that it came from. Told again after a crash it is the same notification."""
    account, event_id = desk.accounts.get(found.account), found.event_id
    if account is None or event_id is None:
        return
    decided = await desk.store.aread(lambda connection: decisions.find(connection, event_id))
    event = decided[0] if decided else None
    number = event.sender if isinstance(event, MessageReceived) else next(iter(account.numbers), "")
    told = notify(event_id, number, reason, found, account, desk.version, desk.clock()) if number else None
    if told is not None:
        await desk.publish(topics.NOTIFICATIONS, [told])


def _is_too_late(found: Invitation, now: datetime) -> bool:
    """Whether it has been tried long enough."""
    given_up = found.answered_at is not None and now >= found.answered_at + _GIVE_UP
    return given_up or now >= found.ends_at

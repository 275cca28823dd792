"""One calendar of one account: watched, expanded, its reminders planned, whatever changes: feed, rules or time."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from engine.account import Account
from engine.agents.desk import Desk
from engine.errors import SourceError, StoreError, TocsinError
from engine.identity import derive
from engine.occasion import Occasion
from engine.pool import Pool
from engine.rules.remind import Terms
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.read import read
from engine.sources.calendar.refresh import HORIZON, FeedState, Refreshed
from engine.sources.calendar.watcher import Watcher
from engine.sources.calendar.watching import Watching
from engine.store import feeds, occasions, planning
from engine.store.database import Connection
from engine.store.feeds import FeedRow, Key
from engine.store.planning import Seen

log = logging.getLogger("tocsin.calendar")

#: How often it is looked whether time or the files ask for something, in seconds.
EVERY = 3.0
#: How often every calendar is expanded further.
ROLL = timedelta(hours=24)
#: An alarm may ring after its appointment; later than this it rings for nobody.
BEHIND = timedelta(days=7)
#: Between two rolls a reminder 30 days ahead must not be missed.
AHEAD = HORIZON + timedelta(days=2)
#: How long after a failure it is tried again, in seconds.
PAUSE = 30.0
#: The most occasions that are written, and the most appointments that are planned anew, in one transaction.
MOST = 2_000
MOST_UIDS = 200
#: A longer UID is known by what is derived from it: a database's index takes no longer ones.
MOST_UID = 200

T = TypeVar("T")


class Calendar:
    """The watch over one feed. `on_state` hears how it stands, whenever that changes."""

    def __init__(
        self, desk: Desk, pool: Pool, key: Key, feed: Feed, on_state: Callable[[Watching], None] | None = None
    ) -> None:
        self._desk = desk
        self._pool = pool
        self._key = key
        self._feed = feed
        self._on_state = on_state
        self._turn = asyncio.Lock()
        self._rolled_at: datetime | None = None
        self._planned = ""
        """By which configuration everything is planned."""

    async def run(self) -> None:
        """Until cancelled. Nothing that a server, the store or what is in the calendar does ends it."""
        watcher = Watcher(
            self._key[0],
            self._feed,
            copy=await self._last_copy(),
            deliver=self.take,
            clock=self._desk.clock,
            jitter=self._desk.jitter,
            on_state=self._on_state,
        )
        self._desk.calendars[self._key] = watcher.watching
        looking = asyncio.create_task(watcher.run(), name=f"calendar {self._key[0]} {self._key[1]}")
        try:
            while not looking.done():
                await asyncio.wait([looking], timeout=await self._keep_up(watcher))
            looking.result()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _last_copy(self) -> Copy | None:
        """The last good one of the place where the feed is now."""
        while True:
            try:
                row = await self._load()
                break
            except StoreError as error:
                self._complain(error)
                await asyncio.sleep(PAUSE)
        return (
            await asyncio.to_thread(Copy.model_validate_json, row.copy)
            if row.source == source_of(self._feed)
            else None
        )

    async def _keep_up(self, watcher: Watcher) -> float:
        """Do what time and the files ask for without a look at the feed; answers when to come back, in seconds."""
        since = None if self._rolled_at is None else abs(self._desk.clock() - self._rolled_at)
        ahead = since is not None and since < ROLL and self._planned == self._desk.version
        if watcher.copy is None or ahead:
            return EVERY
        try:
            await self.take(watcher.copy)
        except TocsinError as error:
            self._complain(error)
            return PAUSE
        return EVERY

    async def take(self, copy: Copy) -> None:
        """The calendar as it is; returns once it and its reminders are durable.

        Raises SourceError when it is no calendar, OverrunError when it takes too long to cut, StoreError.
        """
        async with self._turn:
            account = self._desk.accounts.get(self._key[0])
            if account is None:  # between a reload and the end of this watch
                return
            version, now = self._desk.version, self._desk.clock()
            await self._refresh(copy, account, version, now)
            await self._plan_anew(account, version, now)
            self._planned, self._rolled_at = version, now
            self._desk.bells.due.set()

    # ---- the feed has changed, or the horizon has moved

    async def _refresh(self, copy: Copy, account: Account, version: str, now: datetime) -> None:
        row = await self._load()
        old = await asyncio.to_thread(FeedState.model_validate_json, row.body)
        since = now - BEHIND
        texts = [piece.text for piece in copy.pieces.values() if piece.text]
        rezoned = old.zone not in ("", account.zone)
        terms = Terms.of(account, self._desk.ruleset, now, fresh=not row.imported or rezoned)
        if rezoned:  # whole days begin at another instant now, and nobody has moved them
            terms = replace(terms, tells=lambda rule: False)
        async for found in read(self._pool, old, texts, account.zone, (since, now + AHEAD), feed=self._key[1]):
            if found.occasions or found.gone or not row.imported or row.source != source_of(self._feed):
                row = await self._store(row, copy, found, since, terms, version)
        await self._write(lambda connection: occasions.prune(connection, self._key, since - ROLL))

    async def _store(
        self, row: FeedRow, copy: Copy, found: Refreshed, since: datetime, terms: Terms, version: str
    ) -> FeedRow:
        """In one transaction, unless it is very much; the feed's state is remembered with the last part."""
        *parts, last = _parts(found)
        until = {known_by(uid): entry.until for uid, entry in found.state.entries.items()}
        for part in parts:
            seen = Seen(part, since, until)
            await self._apply(lambda connection: planning.apply(connection, self._key, row, seen, terms))  # noqa: B023
        after = self._remembered(row, copy, found, version)

        def end(connection: Connection) -> bool:
            save = replace(after, body=found.state.model_dump_json(), copy=after.copy or copy.model_dump_json())
            return planning.apply(connection, self._key, row, Seen(last, since, until), terms, save)

        await self._apply(end)
        return replace(after, n=row.n + 1)

    def _remembered(self, row: FeedRow, copy: Copy, found: Refreshed, version: str) -> FeedRow:
        """What is known of the feed after this; without its copy when all of it was read, for then it is this one."""
        # What was never planned is planned by the rules of now.
        new = replace(row, rules_version=row.rules_version if row.n else version)
        return replace(new, source=source_of(self._feed), imported=True, copy="") if found.state.digest else new

    # ---- the rules have changed

    async def _plan_anew(self, account: Account, version: str, now: datetime) -> None:
        row = await self._load()
        if row.rules_version == version:
            return
        terms = Terms.of(account, self._desk.ruleset, now, fresh=True)
        uids = [""]
        while uids := await self._uids_after(uids[-1]):
            await self._apply(lambda connection: planning.plan_anew(connection, self._key, row, uids, terms))
        after = replace(row, rules_version=version)
        await self._apply(
            lambda connection: planning.apply(connection, self._key, row, Seen({}, now, {}), terms, after)
        )

    async def _uids_after(self, uid: str) -> list[str]:
        return await self._desk.store.aread(
            lambda connection: occasions.uids_after(connection, self._key, uid, MOST_UIDS)
        )

    # ---- the store

    async def _load(self) -> FeedRow:
        return await self._desk.store.aread(lambda connection: feeds.load(connection, self._key))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._desk.store.awrite(work, touching=(self._key[0],))

    async def _apply(self, work: Callable[[Connection], bool]) -> None:
        if not await self._write(work):
            raise SourceError(
                "another worker has read it meanwhile",
                place=self._feed.place,
                remedy="none needed: it is read again",
                unreachable=True,
            )

    def _complain(self, error: TocsinError) -> None:
        log.error("the calendar %s of %s waits: %s", self._key[1], self._key[0], error)


def source_of(feed: Feed) -> str:
    """Which place a feed is at: derived, because the address itself may be a secret."""
    return str(derive("source", feed.address or str(feed.file)))


async def forget(desk: Desk, key: Key) -> None:
    """A calendar is no longer in the configuration: nobody is reminded of it. Raises StoreError."""
    now = desk.clock()
    terms = Terms(Account(id=key[0]), now, lambda occasion: {}, lambda rule: False)
    row = await desk.store.aread(lambda connection: feeds.load(connection, key))
    while uids := await desk.store.aread(lambda connection: occasions.uids_after(connection, key, "", MOST_UIDS)):
        seen = Seen(dict.fromkeys(uids, ()), datetime.min.replace(tzinfo=now.tzinfo), {})
        done = await desk.store.awrite(
            lambda connection: planning.apply(connection, key, row, seen, terms),  # noqa: B023
            touching=key[:1],
        )
        if not done:
            return
    await desk.store.awrite(lambda connection: feeds.forget(connection, key), touching=key[:1])
    log.info("the calendar %s of %s is forgotten", key[1], key[0])


def _parts(found: Refreshed) -> Iterator[Mapping[str, Sequence[Occasion]]]:
    """What was found, in parts that a transaction bears; at least one."""
    part: dict[str, Sequence[Occasion]] = {known_by(uid): () for uid in found.gone}
    count = 0
    for uid, those in found.occasions.items():
        if count and count + len(those) > MOST:
            yield part
            part, count = {}, 0
        short = known_by(uid)
        part[short] = [each.model_copy(update={"uid": short}) for each in those] if short != uid else those
        count += len(those)
    yield part


def known_by(uid: str) -> str:
    """What an appointment is known by to the store: its UID, unless that is very long."""
    return uid if len(uid) <= MOST_UID and "\x00" not in uid else str(derive("uid", uid))

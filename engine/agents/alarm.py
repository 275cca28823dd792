"""What goes wrong is an event like any other: on the same stream, through the same gates, told once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from engine import topics
from engine.agents.desk import Desk
from engine.dead_letter import DeadLetter
from engine.errors import StoreError, StreamError
from engine.event import Incident, What
from engine.rules.incident import SCOPE
from engine.sources.calendar import watching as calendar
from engine.sources.calendar.feed import Feed
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.watching import State, Watching
from engine.store import incidents
from engine.store.database import Connection

log = logging.getLogger("tocsin.alarm")


async def begin(
    desk: Desk, account: str, what: What, subject: str, left: int = 0, since: datetime | None = None
) -> None:
    """It goes wrong for this account. Seen again, also after a restart, it is the same event and is told once.

    `since`: it began then; None: now. Raises StoreError or StreamError; trying again is safe.
    """
    at = since or desk.clock()
    began = await desk.store.awrite(lambda connection: incidents.begin(connection, account, what, subject, at))
    owner = desk.accounts.get(account)
    # Who has no number cannot be told; the admin can.
    told = account if owner is not None and owner.numbers else desk.admin
    if told:
        event = Incident(account=told, what=what, subject=subject, began_at=began, left=left)
        await desk.publish(topics.EVENTS, [event])
    desk.alarmed.add((account, what, subject))


async def end(desk: Desk, account: str, what: What, subject: str) -> None:
    """It is well again. Raises StoreError; trying again is safe."""
    await desk.store.awrite(lambda connection: incidents.end(connection, account, what, subject))
    desk.alarmed.discard((account, what, subject))


#: What a low balance is a low balance of: an account has one credit.
CREDIT = "credit"


async def weigh(desk: Desk, prices: Mapping[str, int]) -> None:
    """Tell the accounts whose credit has become low, and note whose is no longer; `prices`: account -> minor units of
    one part. Once for each time that it falls below: the telling costs a part too, and must not set itself off."""
    watched = {name: price for name, price in prices.items() if (a := desk.accounts.get(name)) and a.tell.low_balance}
    if not watched:
        return

    def look(connection: Connection) -> tuple[dict[str, tuple[int, int]], set[str]]:
        return (
            incidents.left(connection, watched.keys(), desk.tariff.currency),
            incidents.standing(connection, What.LOW_BALANCE, watched.keys()),
        )

    purses, low = await desk.store.aread(look)
    for name, price in watched.items():
        parts, money = purses[name]
        can_pay = parts + (money // price if price else 0)
        if can_pay > desk.accounts[name].tell.low_balance:
            if name in low:
                await end(desk, name, What.LOW_BALANCE, CREDIT)
        elif name not in low or (name, What.LOW_BALANCE, CREDIT) not in desk.alarmed:
            # Noted before a restart counts as told only once we told it: a crash may have come between the two.
            await begin(desk, name, What.LOW_BALANCE, CREDIT, left=can_pay)


async def tell_of_letter(desk: Desk, letter: DeadLetter) -> None:
    """Tell the admin, or else the account whose record it was: once a day for each topic, since a thousand bad
    records are one trouble. What was told of trouble and became trouble itself is not told of."""
    if b'"kind":"incident"' in letter.value or f'"scope":"{SCOPE}"'.encode() in letter.value:
        return
    told = desk.admin or letter.key.decode(errors="replace")
    if told in desk.accounts:
        day = letter.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        event = Incident(account=told, what=What.DEAD_LETTER, subject=letter.topic, began_at=day)
        await desk.publish(topics.EVENTS, [event])


#: Seconds between two tries to tell, while the store or the stream is down.
AGAIN = 2.0


class Alarms:
    """Tells in order what watchers say of themselves. What cannot be told yet waits here, and holds up no watcher."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._news: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()

    def begins(self, account: str, what: What, subject: str, since: datetime | None = None) -> None:
        """Have it told that it goes wrong; `since`: known better than by now."""
        self._news.put_nowait(lambda: begin(self._desk, account, what, subject, since=since))

    def ends(self, account: str, what: What, subject: str) -> None:
        """Have it noted that it is well again."""
        self._news.put_nowait(lambda: end(self._desk, account, what, subject))

    async def run(self) -> None:
        """Tell in order, until cancelled."""
        while True:
            tell = await self._news.get()
            while True:
                try:
                    await tell()
                    break
                except (StoreError, StreamError) as error:
                    log.error("what is watched no more waits to be told: %s", error)
                    await asyncio.sleep(AGAIN)


class MailboxAlarms(Alarms):
    """Hears what the watchers of mailboxes say, and tells owners of a mailbox that is watched no more."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._watched: dict[str, bool] = {}

    def listener(self, key: str, account: str, mailbox: Mailbox) -> Callable[[Watching], None]:
        """What the watcher of one folder is to call when its state changes."""
        user = f"{mailbox.user}, {mailbox.place}"

        def hear(watching: Watching) -> None:
            folder = f"{watching.folder}, {user}"
            if watching.state is State.SUSPENDED:
                self.begins(account, What.SUSPENDED, user)
            elif watching.state is State.FOLDER_MISSING:
                self.begins(account, What.FOLDER_MISSING, folder)
            elif watching.watched and not self._watched.get(key):
                self.ends(account, What.SUSPENDED, user)
                self.ends(account, What.FOLDER_MISSING, folder)
            self._watched[key] = watching.watched

        return hear


class FeedAlarms(Alarms):
    """Hears what the watchers of calendars say, and tells owners of a calendar that is watched no more."""

    def listener(self, account: str, feed: Feed) -> Callable[[calendar.Watching], None]:
        """What the watcher of one feed is to call when its state changes."""
        subject = called(feed)
        failing: bool | None = None  # what an earlier watch told of it is not known here

        def hear(watching: calendar.Watching) -> None:
            nonlocal failing
            if watching.state is calendar.State.WAITING and failing is not False:
                failing = False
                self.ends(account, What.FEED_FAILING, subject)
            elif not failing and watching.is_failing(self._desk.clock()):
                failing = True
                self.begins(account, What.FEED_FAILING, subject, watching.failing_since)

        return hear


def called(feed: Feed) -> str:
    """What a calendar is called where its owner is told of it; its address may be a secret, its host is none."""
    return f"{feed.name}, {feed.place}"


async def end_others(desk: Desk) -> None:
    """A calendar that is gone from the configuration, or at another host now, fails no more. Raises StoreError."""
    here = {(account, called(feed)) for account, feed in desk.feeds}
    standing = await desk.store.aread(lambda connection: incidents.subjects(connection, What.FEED_FAILING))
    for account, subject in standing - here:
        if desk.owns(account):
            await end(desk, account, What.FEED_FAILING, subject)

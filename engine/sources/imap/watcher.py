"""Watch one folder of one mailbox, for ever: connect, catch up, idle, and again; nothing lost, nothing told twice.

All watchers live in one loop. While a server is silent its socket belongs to the loop and costs no thread; when it
speaks, one job in the shared pool reads what is new. The position moves only after the events are durable.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from engine.errors import TocsinError
from engine.event import MailArrived
from engine.failpoints import failpoint
from engine.position import Position
from engine.sources.imap.batch import Batches
from engine.sources.imap.fetch import Mail, advance, make_events
from engine.sources.imap.idle import await_news
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.office import Office
from engine.sources.imap.origin import Origin, begin, recover
from engine.sources.imap.session import Folder, Session
from engine.sources.imap.trouble import DeniedError, MissingError, RefusedError
from engine.sources.imap.watching import WATCHED, State, Watching

__all__ = ["Emit", "Office", "Positions", "State", "Take", "Watcher", "Watching", "source_key"]

T = TypeVar("T")
Emit = Callable[[Sequence[MailArrived]], Awaitable[None]]
"""Hands events over; returns only once they are durable on the stream."""
Take = Callable[[Sequence[Mail]], Awaitable[None]]
"""Takes mails with their bytes; returns only once what came of them is durable."""

#: Looks that find nothing, each within _HASTE seconds of the one before, until we look less often (_CALM at most).
_PATIENCE = 5
_HASTE = 0.5
_CALM = 20.0
#: Looks within one turn while mail is announced that SEARCH does not show.
_MOST_LOOKS = 10
_logger = logging.getLogger("tocsin.imap")


class Positions(Protocol):
    """Where positions are kept. Both may raise StoreError; nothing is lost by it."""

    async def load(self, source: str) -> Position | None:
        """The position of this source, None when it was never watched."""
        ...

    async def save(self, source: str, position: Position) -> None:
        """Keep it; returns once it is durable."""
        ...


def source_key(account: str, mailbox: Mailbox, folder: str) -> str:
    """The key of one watched folder: a JSON array of account, host, user and folder."""
    return json.dumps([account, mailbox.host.lower(), mailbox.user, name_folder(folder)], separators=(",", ":"))


def name_folder(folder: str) -> str:
    """INBOX is the same however it is written (RFC 3501 section 5.1)."""
    return "INBOX" if folder.upper() == "INBOX" else folder


class Watcher:
    """The watch over one folder. `jitter(ceiling)` answers a wait between 0 and `ceiling` seconds.

    With `take` the mails are not made events but handed over as they are.
    """

    def __init__(
        self,
        account: str,
        mailbox: Mailbox,
        folder: str,
        *,
        positions: Positions,
        emit: Emit,
        take: Take | None = None,
        office: Office,
        clock: Callable[[], datetime],
        jitter: Callable[[float], float],
        on_state: Callable[[Watching], None] | None = None,
    ) -> None:
        self.key = source_key(account, mailbox, folder)
        self.watching = Watching(account, mailbox.place, name_folder(folder), State.CONNECTING, clock())
        self._account = account
        self._mailbox = mailbox
        self._folder = name_folder(folder)
        self._positions = positions
        self._emit = emit
        self._take = take
        self._office = office
        self._pace = office.pace
        self._host = office.hosts.find(mailbox.host)
        self._clock = clock
        self._jitter = jitter
        self._on_state = on_state
        self._failures = 0
        self._logged = ("", State.CONNECTING)
        self._batches = Batches(raw=take is not None)

    async def run(self) -> None:
        """Watch until cancelled. Nothing that a server, the stream or the store does ends it."""
        try:
            while True:
                wait = await self._watch()
                await asyncio.sleep(wait)
        finally:
            self._say(State.STOPPED)

    async def _watch(self) -> float:
        """One connection, from its beginning to its end. Answers the seconds to wait before the next."""
        loop = asyncio.get_running_loop()
        begun = loop.time() + self._pace.connect
        try:
            if self._office.standing(self._mailbox).error is None:
                self._say(State.CONNECTING, self.watching.error)
            session = await self._office.open(self._mailbox)
            begun = loop.time()
            try:
                await self._follow(session)
            finally:
                session.close()
        except RefusedError as error:
            return self._wait_for_credentials(error)
        except MissingError as error:
            self._say(State.FOLDER_MISSING, str(error))
            return self._pace.missing
        except Exception as error:
            if loop.time() - begun >= self._pace.stable:
                self._failures = 0
            wait = self._jitter(self._pace.back_off(self._failures))
            self._failures += 1
            self.watching.reconnects += 1
            if not isinstance(error, TocsinError):
                _logger.error("%s %s: unexpected", self.watching.place, self._folder, exc_info=error)
            self._say(State.BACKING_OFF, str(error) or type(error).__name__)
            asked = getattr(error, "wait", 0.0)
            return min(max(wait, asked), self._pace.cap)
        raise AssertionError("a folder is followed until something breaks")

    def _wait_for_credentials(self, error: RefusedError) -> float:
        standing = self._office.standing(self._mailbox)
        self._say(State.SUSPENDED if standing.suspended else State.BACKING_OFF, str(error))
        # The secret is read again now and then; while it is the refused one, nobody signs in with it.
        left = standing.again_at - asyncio.get_running_loop().time()
        return max(0.0, min(left, self._pace.secret))

    # -- one connection ----------------------------------------------------------------------------------------------

    async def _follow(self, session: Session) -> None:
        folder = await self._work(session, session.examine, self._folder)
        position = await self._take_up(session, folder)
        loop = asyncio.get_running_loop()
        examined, fruitless = loop.time(), 0
        while True:
            begun, last = loop.time(), position.last_uid
            position, news = await self._catch_up(session, position)
            if session.idling:
                self._say(State.IDLE)
                if not news:
                    silence = self._mailbox.refresh.total_seconds()
                    first = silence * (1 - self._jitter(0.15))
                    await await_news(session, first=first, silence=silence, most=self._pace.restart, note=self._note)
                fruitless = fruitless + 1 if last == position.last_uid and loop.time() - begun < _HASTE else 0
                if fruitless > _PATIENCE:
                    # A server that announces mail for ever and has none: look less and less often.
                    await asyncio.sleep(min(_CALM, 0.1 * 2.0 ** min(fruitless - _PATIENCE, 20)))
                if loop.time() - examined < self._pace.restart:
                    continue
                await self._work(session, session.stop_idle)
            else:
                self._say(State.POLLING)
                await asyncio.sleep(self._mailbox.poll.total_seconds())
            # EXAMINE, not NOOP: some servers answer NOOP without looking; and it shows a changed UIDVALIDITY.
            folder = await self._work(session, session.examine, self._folder)
            examined = loop.time()
            if folder.uidvalidity != position.uidvalidity:
                position = await self._take_up(session, folder)

    async def _take_up(self, session: Session, folder: Folder) -> Position:
        """Where we were; the first position of all is kept before anything else happens."""
        self._say(State.READING)
        before = await self._positions.load(self.key)
        if before is not None and before.uidvalidity == folder.uidvalidity:
            return before
        if before is None:
            origin = await self._work(session, begin, session, folder, self._mailbox.start, self._clock())
        else:
            origin = await self._work(session, recover, session, folder, before, self._clock())
            self.watching.renumbered += 1
            if before.last_uid or origin.uids:
                self._warn(f"was numbered anew by its server; {len(origin.uids)} mails count as new")
        if origin.skipped:
            self.watching.skipped += origin.skipped
            self._warn(f"{origin.skipped} older mails are left out")
        return await self._tell_origin(session, origin)

    async def _tell_origin(self, session: Session, origin: Origin) -> Position:
        """Tell the mails of an origin; its position is kept only after the last of them."""
        position, uids = origin.position, origin.uids
        while uids:
            batch, uids = self._batches.split(uids)
            mails = await self._read(session, batch)
            position = advance(position, mails, position.last_uid, self._clock())
            await self._hand_over(mails, position, None)
        await self._hand_over([], position, position)
        return position

    async def _catch_up(self, session: Session, position: Position) -> tuple[Position, bool]:
        """Read until a quiet round, then begin to idle. True when there is news again already."""
        while True:
            uids, news = await self._work(session, self._look, session, position.last_uid)
            self._note()
            if not uids:
                return position, news
            self._say(State.READING)
            while uids:
                batch, uids = self._batches.split(uids)
                mails = await self._read(session, batch)
                position = advance(position, mails, batch[-1], self._clock())
                await self._hand_over(mails, position, position)

    def _look(self, session: Session, last: int) -> tuple[list[int], bool]:
        """In a thread: the UIDs above `last`; if there are none, idle. True when there is news already."""
        if session.idling:
            session.stop_idle()
        for _ in range(_MOST_LOOKS):
            session.forget()
            uids = session.search_above(last)
            if uids:
                return uids, False
            if not session.announced():
                break
            # It came during SEARCH: announced inside its answer, not among its results, and never announced again.
            self.watching.hidden += 1
        if session.can_idle:
            try:
                return [], session.start_idle()
            except DeniedError:
                session.can_idle = False
        return [], False

    # -- mails -------------------------------------------------------------------------------------------------------

    async def _read(self, session: Session, batch: list[int]) -> list[Mail]:
        """The mails of one batch, in order of UID; those that are gone are missing."""
        if self._batches.is_poison(batch):
            self._warn(f"mail {batch[0]} cannot be shown by its server; it is told without its content")
            self.watching.unshown += 1
        try:
            mails = await self._work(session, self._batches.fetch, session, batch)
            gone = sorted(set(batch) - {mail.uid for mail in mails})
            if gone:
                await asyncio.sleep(self._pace.gap)
                mails += await self._work(session, self._batches.fetch_again, session, gone)
                self.watching.gaps += len(batch) - len(mails)
        except Exception:
            self._batches.blame(batch)
            raise
        self._batches.absolve(batch)
        return sorted(mails, key=lambda mail: mail.uid)

    async def _hand_over(self, mails: list[Mail], shown: Position, kept: Position | None) -> None:
        """Events first, the position after them. While the stream or the store is down the mails wait here."""
        if mails:
            failpoint("mail_read")
        events = make_events(
            mails,
            account=self._account,
            host=self._mailbox.host,
            user=self._mailbox.user,
            folder=self._folder,
            uidvalidity=shown.uidvalidity,
            late=self._mailbox.late,
            trusted=self._mailbox.trust,
            clock=self._clock,
        )
        failures = 0
        while True:
            try:
                if mails and self._take is not None:
                    await self._take(mails)
                elif events:
                    await self._emit(events)
                if kept is not None:
                    await self._positions.save(self.key, kept)
                    failpoint("position_moved")
            except Exception as error:
                if not isinstance(error, TocsinError):
                    _logger.error("%s %s: unexpected", self.watching.place, self._folder, exc_info=error)
                self._say(State.STREAM_DOWN, str(error) or type(error).__name__)
                await asyncio.sleep(self._jitter(self._pace.back_off(failures)))
                failures += 1
                continue
            self.watching.told += len(events)
            if failures:
                self._say(State.READING)
            return

    # -- small things ------------------------------------------------------------------------------------------------

    def _note(self) -> None:
        self.watching.heard_at = self._clock()

    async def _work(self, session: Session, do: Callable[..., T], *args: object) -> T:
        return await self._office.work(session, self._host, partial(do, *args))

    def _say(self, state: State, error: str = "") -> None:
        watching = self.watching
        if error and (error, state) != self._logged and state is not State.CONNECTING:
            level = logging.ERROR if state in (State.SUSPENDED, State.FOLDER_MISSING) else logging.WARNING
            _logger.log(level, "account %s, folder %s: %s: %s", self._account, self._folder, state, error)
            self._logged = (error, state)
        elif state in WATCHED:
            self._logged = ("", state)
        if state is not watching.state:
            watching.state, watching.since = state, self._clock()
            changed = True
        else:
            changed = error != watching.error
        watching.error = error
        if changed and self._on_state is not None:
            self._on_state(watching)

    def _warn(self, text: str) -> None:
        _logger.warning("%s: account %s, folder %s: %s", self.watching.place, self._account, self._folder, text)

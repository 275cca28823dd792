"""A calendar that a test edits, a worker that reads it, and a phone: the line of appointments without its servers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from engine import topics
from engine.account import Account
from engine.agents.calendar import Calendar
from engine.agents.desk import Bells, Desk
from engine.agents.fire import Firing
from engine.agents.match import match
from engine.agents.route import route
from engine.answer import ProviderClass
from engine.channels.tariff import Line, Tariff
from engine.document import read
from engine.errors import StreamError
from engine.event import Event
from engine.notification import Notification
from engine.pool import Pool
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from engine.sources.calendar.copy import Copy, Piece
from engine.sources.calendar.feed import Feed
from engine.store import accounts, attempts, send_queue
from engine.store.database import Database
from engine.topics import Topic
from tests.agents.test_hops import Scripted
from tests.builders import ACCEPTED, NOW, PRICE, an_account, terms

FEED = "work"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def rules(text: str, account: str, version: str = "v") -> Ruleset:
    """The rules of one account."""
    found, problems = load([RuleFolder(account, f"rules/{account}", [read(text, "r.yaml")])], [account], version)
    assert not problems, problems
    return found


@dataclass
class Appointment:
    """As it stands in the calendar; `instances` are the changed ones of a daily one, by their original starts."""

    start: datetime
    title: str
    status: str = "CONFIRMED"
    days: int = 1
    instances: dict[datetime, "Appointment"] = field(default_factory=dict)
    length: timedelta = HOUR
    lines: tuple[str, ...] = ()

    def occurrences(self) -> list[tuple[datetime, str, bool]]:
        """(start, title, whether it takes place) of all."""
        found = []
        for day in range(self.days):
            original = self.start + day * DAY
            each = self.instances.get(original, replace(self, start=original))
            found.append((each.start, each.title, each.status != "CANCELLED"))
        return found

    def write(self, uid: str) -> str:
        """Its VEVENTs."""
        repeats = (f"RRULE:FREQ=DAILY;COUNT={self.days}",) if self.days > 1 else ()
        events = [_event(uid, self, *repeats, *self.lines)]
        events += [_event(uid, each, f"RECURRENCE-ID:{_utc(at)}") for at, each in sorted(self.instances.items())]
        return "".join(events)


def _event(uid: str, each: Appointment, *more: str) -> str:
    lines = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART:{_utc(each.start)}"]
    lines += [f"DTEND:{_utc(each.start + each.length)}", f"SUMMARY:{each.title}", f"STATUS:{each.status}"]
    return "".join(f"{line}\n" for line in (*lines, *more, "END:VEVENT"))


def _utc(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


class Here:
    """A pool that does everything here and now."""

    async def run(self, seconds: float, function: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return function(*args, **more)


class Office:
    """One account with one calendar and one phone. Each step may end in the death of the engine."""

    def __init__(self, store: Database, text: str, account: Account | None = None, now: datetime = NOW) -> None:
        self.store = store
        self.now = now
        self.account = account or an_account(parts=1_000)
        self.calendar: dict[str, Appointment] = {}
        self.stream: list[Event] = []
        self.batches: list[int] = []
        self.noticed: list[Notification] = []
        self.sent: list[str] = []
        self.broken = False
        store.write(lambda c: accounts.upsert(c, [self.account], "v", now))
        self.desk = Desk(
            store=store,
            accounts={self.account.id: self.account},
            ruleset=rules(text, self.account.id),
            tariff=Tariff("EUR", [Line("+32", PRICE, {"phone": 1})]),
            providers={"phone": Scripted([], provider_class=ProviderClass.OPAQUE)},
            publish=self._publish,
            clock=lambda: self.now,
            jitter=lambda seconds: seconds,
            mailboxes=[],
            owns=lambda account: True,
            office=cast(Any, None),
            bells=Bells(),
            version="v",
        )
        self.firing = Firing(self.desk)
        self.feed = Feed.model_validate({"name": FEED, "file": "/nowhere.ics"})

    async def _publish(self, topic: Topic, nouns: Sequence[Any]) -> None:
        if self.broken:
            raise StreamError("the disk is full")
        if topic is topics.EVENTS:
            self.stream += nouns
            self.batches.append(len(nouns))
        else:
            self.noticed += nouns

    def text(self) -> str:
        """The calendar as it is served."""
        events = "".join(each.write(uid) for uid, each in sorted(self.calendar.items()))
        return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n{events}END:VCALENDAR\n"

    def look(self) -> None:
        """The calendar is read."""
        watched = Calendar(self.desk, cast(Pool, Here()), (self.account.id, FEED), self.feed)
        asyncio.run(watched.take(Copy(pieces={"": Piece(text=self.text())})))

    def fire(self) -> int:
        """What is due is told to the stream; answers how much that is."""
        before = len(self.stream)
        firing, self.firing = self.firing, Firing(self.desk)  # of one that dies nothing is left

        async def fire() -> None:
            while await firing.fire():
                pass

        asyncio.run(fire())
        self.firing = firing
        return len(self.stream) - before

    def pass_on(self) -> None:
        """What is on the stream is decided on, admitted, and comes to the send queue."""
        if self.stream:
            asyncio.run(match(self.desk, self.stream))
        if self.noticed:
            asyncio.run(route(self.desk, self.noticed))
        self.stream.clear()
        self.noticed.clear()

    def send(self) -> list[str]:
        """What stands in the send queue is sent; answers what that is."""
        offers = terms()
        found = self.store.write(lambda c: send_queue.claim(c, offers, 100, lambda: self.now))
        for each in found.claims:
            if each.message.account == self.account.id:  # the store may hold what another test left
                self.sent.append(each.message.text)
            self.store.write(
                lambda c: attempts.answer(c, each, ACCEPTED, offers["phone"], self.now, MINUTE)  # noqa: B023
            )
        return [each.message.text for each in found.claims if each.message.account == self.account.id]

    def run(self) -> list[str]:
        """Everything that is due comes to its end; answers what is sent."""
        self.fire()
        self.pass_on()
        return self.send()

"""What a hop may use. The wiring fills it in; a test fills it with what it likes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.account import Account
from engine.admission.quiet import goes_by_mail
from engine.agents.configuration import Configuration, Files
from engine.agents.rotation import Rotation
from engine.channels.choose import choose
from engine.channels.features import Features, Reporting
from engine.channels.provider import Provider, is_polled
from engine.channels.tariff import Tariff
from engine.heard import Route
from engine.links import Links
from engine.metrics import Metrics
from engine.notification import Channel, Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.rules.ruleset import Ruleset
from engine.sources.calendar import watching as calendar
from engine.sources.calendar.feed import Feed
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.watcher import Office
from engine.sources.imap.watching import Watching
from engine.store.database import Database
from engine.store.falling import Telling
from engine.store.send_queue import Terms
from engine.topics import Topic

Publish = Callable[[Topic, Sequence[Any]], Awaitable[None]]


@dataclass
class Bells:
    """Rung when there may be work, so that an idle hop hands over at once; a slow clock rings them anyway."""

    queue: asyncio.Event = field(default_factory=asyncio.Event)
    due: asyncio.Event = field(default_factory=asyncio.Event)
    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    enclosures: asyncio.Event = field(default_factory=asyncio.Event)
    partitions: asyncio.Event = field(default_factory=asyncio.Event)
    """The group may have given this worker other accounts to watch, or the files other mailboxes."""
    calendars: asyncio.Event = field(default_factory=asyncio.Event)
    """The same, for calendars."""
    configuration: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody asks for the files to be read anew."""

    def share_out(self) -> None:
        """What this worker watches may have changed."""
        self.partitions.set()
        self.calendars.set()


@dataclass
class Desk:
    """The store, the configuration in force, the providers, the stream, the clock. Only `adopt` changes it."""

    store: Database
    accounts: Mapping[str, Account]
    ruleset: Ruleset
    tariff: Tariff
    providers: Mapping[str, Provider]
    publish: Publish
    clock: Callable[[], datetime]
    jitter: Callable[[float], float]
    """A random share of so many seconds (full jitter): retries of many messages must not come together."""
    mailboxes: Sequence[tuple[str, Mailbox]]
    """(account, mailbox) of the whole configuration."""
    owns: Callable[[str], bool]
    """Whether this worker watches the mailboxes of an account."""
    office: Office
    """What the watchers share: threads, TLS contexts, per-host limits."""
    bells: Bells
    feeds: Sequence[tuple[str, Feed]] = ()
    """(account, calendar feed) of the whole configuration."""
    rates: Mapping[str, float | None] = field(default_factory=dict)
    """Messages a second for the providers that bear only so many."""
    windows: Mapping[str, int] = field(default_factory=dict)
    """Calls in the air at once for each provider, in this process."""
    health: Mapping[str, float] = field(default_factory=dict)
    """How much of its share each provider should get of new messages; the send hop keeps it."""
    inbound: Sequence[Route] = ()
    """Whose the texts are that phones send us."""
    region: str | None = None
    """The country of numbers that are written without one."""
    links: Links | None = None
    """Under which addresses the outside world finds files for a while; None: under none."""
    most_media: int = 5_000_000
    """Bytes of files that go with one message."""
    keep_media: timedelta = timedelta(days=14)
    """How long a link leads to its file."""
    admin: str = ""
    """The account that hears of what goes wrong with the engine itself; empty: nobody."""
    version: str = ""
    """Names the configuration in force."""
    files: Files | None = None
    """Where a changed configuration comes from; None: it never changes."""
    rotation: Rotation | None = None
    """Takes up new secrets of providers; None: they stay as they are."""
    alarmed: set[tuple[str, str, str]] = field(default_factory=set)
    """What this process has told of: (account, what, subject)."""
    metrics: Metrics = field(default_factory=Metrics)
    board: dict[str, Watching] = field(default_factory=dict)
    """How the watch over each folder stands: its hop writes it, the metrics read it."""
    calendars: dict[tuple[str, str], calendar.Watching] = field(default_factory=dict)
    """How the watch over each calendar stands, by account and feed."""
    bounces: Sequence[tuple[str, Mailbox]] = ()
    """(provider, mailbox) where mail servers report what they could not deliver."""
    reporting: frozenset[str] = frozenset()
    """The providers that were told to report what became of messages."""
    heard: dict[str, datetime] = field(default_factory=dict)
    """When this process noted that a provider reported."""
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the engine stops: hops finish what they hold and take nothing new."""

    def adopt(self, new: Configuration) -> None:
        """Put another configuration in force, between two records: no hop ever sees half of it."""
        self.accounts = new.accounts
        self.ruleset = new.ruleset
        self.tariff = new.tariff
        self.mailboxes = new.mailboxes
        self.feeds = new.feeds
        self.inbound = new.inbound
        self.region = new.region
        self.admin = new.admin
        self.version = new.version

    def road(self, told: Notification, now: datetime) -> Quote | Reason:
        """By which road a notification goes at this moment and what that costs, or why there is none."""
        owner = self.accounts.get(told.account)
        by_mail = goes_by_mail(told, owner.zone if owner else "UTC", now)
        carriers = {name: each.channels for name, each in self.providers.items()}
        return choose(told, self.tariff, carriers, Channel.EMAIL if by_mail else None, self.health)

    def tells(self, provider: str, channel: Channel) -> Telling:
        """What a provider tells of the messages that it took by a channel."""
        known = self.providers.get(provider)
        features: Features | None = getattr(known, "features", None)
        if features is None:
            return Telling()
        return Telling(features.reports in (Reporting.CALLBACK, Reporting.LINK), channel in features.reads)

    def terms(self) -> dict[str, Terms]:
        """What the queue must know of each provider."""
        return {
            name: Terms(
                each.provider_class,
                each.timeout,
                each.key_life,
                self.rates.get(name),
                self.windows.get(name, 16),
                polled=is_polled(each),
            )
            for name, each in self.providers.items()
        }

    def backoff(self, attempt: int) -> timedelta:
        """How long to wait before the next attempt: full jitter, from 2 s doubling to 5 min."""
        return timedelta(seconds=self.jitter(min(300.0, 2.0 * 2.0 ** max(0, attempt - 1))))

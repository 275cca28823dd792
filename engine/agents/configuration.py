"""What may change while the engine runs, read from the files as one whole."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.account import Account, Contact
from engine.channels.tariff import Tariff
from engine.heard import Route
from engine.rules.ruleset import Ruleset
from engine.sources.calendar.feed import Feed
from engine.sources.imap.mailbox import Mailbox


@dataclass(frozen=True)
class Configuration:
    """Who, what and at which price: everything but where things are kept and who carries messages."""

    accounts: Mapping[str, Account]
    ruleset: Ruleset
    tariff: Tariff
    mailboxes: Sequence[tuple[str, Mailbox]]
    """(account, mailbox) of the whole configuration."""
    admin: str
    version: str
    feeds: Sequence[tuple[str, Feed]] = ()
    """(account, calendar feed) of the whole configuration."""
    inbound: Sequence[Route] = ()
    """Whose the texts are that phones send us."""
    region: str | None = None
    """ISO 3166 alpha-2: the country of numbers that are written without one."""

    @property
    def contacts(self) -> Mapping[str, Sequence[Contact]]:
        """Whom each account's rules may tell besides its owner."""
        return {id: tuple(self.ruleset.book(id).contacts.values()) for id in self.accounts}


@dataclass(frozen=True)
class Reading:
    """What came of reading the files once."""

    configuration: Configuration | None
    """None when there is a mistake in them: then nothing changes."""
    report: tuple[str, ...] = ()
    """A line for each mistake; the log masks the numbers in it."""
    waits: tuple[str, ...] = ()
    """Settings that have changed and wait for the next start."""


class Files(Protocol):
    """The configuration folder, for the hop that keeps an eye on it. Both may be called in a thread."""

    def look(self) -> Hashable:
        """Something that differs once a file has changed, appeared or gone. Cheap, and never raises."""
        ...

    def read(self, in_force: Ruleset) -> Reading:
        """Everything anew, unchanged rules as they are in force. Never raises for what is in the files."""
        ...

"""What the engine runs with, once the folder has been read without an error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.account import Account
from engine.channels import registry
from engine.channels.choose import Carriers
from engine.channels.features import Reporting
from engine.channels.tariff import TariffFile
from engine.heard import Route
from engine.noun import Written
from engine.rules.kept import Kept
from engine.rules.ruleset import Ruleset
from engine.settings.engine_file import Media, Web
from engine.settings.proxy import WrittenProxy
from engine.sources.calendar.feed import Feed
from engine.sources.imap.mailbox import Mailbox

__all__ = ["AccountSettings", "Settings", "Web"]


@dataclass(frozen=True)
class AccountSettings:
    """One account, the mailboxes and the calendars that are watched for it; the paths in them are absolute."""

    account: Account
    mailboxes: tuple[Mailbox, ...]
    calendars: tuple[Feed, ...] = ()


@dataclass(frozen=True)
class Settings:
    """The configuration in force."""

    folder: Path
    """Absolute: the folder that holds engine.yaml."""
    data: Path
    """Absolute: what the engine writes."""
    stream: str
    """A URL: ``sqlite:////var/…/stream.db`` or ``kafka://…``."""
    store: str
    """A URL as SQLAlchemy takes it."""
    web: Web
    providers: Mapping[str, Written]
    """By name; each of one of the models in `engine.channels.registry.SETTINGS`, its paths absolute."""
    tariff: TariffFile
    accounts: tuple[AccountSettings, ...]
    ruleset: Ruleset
    admin: str
    """The account that is told what goes wrong with the engine itself; empty: nobody."""
    version: str
    """Twelve hex digits of the files' names and contents, without the secrets' files."""
    bounces: Mapping[str, Mailbox] = field(default_factory=dict)
    """By the name of a provider: the mailbox for its bounces; the paths in it are absolute."""
    inbound: tuple[Route, ...] = ()
    """Whose the texts are that phones send us."""
    region: str | None = None
    """ISO 3166 alpha-2: the country of numbers that are written without one."""
    media: Media = field(default_factory=Media)
    proxy: WrittenProxy | None = None
    """What providers on the web are called through; its paths are absolute. Without it: directly."""
    kept: Kept = field(default_factory=Kept, compare=False, repr=False)
    """What was made of the files of rules, for the next reading."""

    def account(self, id: str) -> AccountSettings | None:
        """The account of this id, or None."""
        return next((each for each in self.accounts if each.account.id == id), None)

    @property
    def alone(self) -> bool:
        """Whether everything is kept on this machine, so that no other one can be at work on it."""
        return self.store.startswith("sqlite")

    @property
    def reporters(self) -> Mapping[str, Reporting]:
        """How each provider tells us what became of messages."""
        return {name: registry.reports_of(each) for name, each in self.providers.items()}

    @property
    def carriers(self) -> Carriers:
        """What each provider carries."""
        return {name: registry.channels_of(each) for name, each in self.providers.items()}

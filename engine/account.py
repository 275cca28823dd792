"""Who pays and who is reached."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from engine.noun import Noun
from engine.quiet import QuietHours


class Plan(Noun):
    """What an account gets: an allowance that lapses at the end of the month in its zone, and a daily cap."""

    parts_per_month: int = Field(default=0, ge=0, le=1_000_000)
    daily_cap: int = Field(default=20, ge=0, le=1_000_000)
    """Messages a day (in the account's zone), on by default: a mistake in a rule must not cost a fortune."""


class Tell(Noun):
    """What its owner wants to hear of besides mail. Each is told once for each time that it happens."""

    suspended: bool = True
    """A mailbox is watched no more, for its sign-in is refused or its folder is gone; or a calendar, which cannot be
    read."""
    low_balance: int = Field(default=5, ge=0, le=1_000_000)
    """So few parts can still be paid, from allowance and balance together; 0: not wanted."""
    dead_letter: bool = True
    """A record could not be handled. The engine's `admin` is told, or whose it was when there is none; and he alone
    of a provider that should report what became of messages and does not."""


class Agenda(Noun):
    """What its owner wants to hear of what is planned: what stands in the calendars, at a chosen time."""

    name: str
    at: str
    """HH:MM by the clock of the account's zone."""
    days: tuple[int, ...] = ()
    """On these days of the week (0 is Monday); empty: every day."""
    span: Literal["day", "week"] = "day"
    """That day, or the seven days from it."""
    calendars: tuple[str, ...] = ()
    """By name; empty: all of the account's."""
    channels: tuple[Literal["sms", "email", "fax"], ...] = ("sms",)
    """In order: the first by which the owner is reached."""
    max_parts: int = Field(default=2, ge=1)
    """Of an SMS; what finds no room is counted. By the other roads all of it is told."""
    empty: Literal["skip", "tell"] = "skip"
    """What becomes of a day on which nothing is planned."""
    lane: int = Field(default=2, ge=1, le=3)


class Account(Noun):
    """Who pays. `numbers` are the owner's own, in E.164: the first is where `me` is reached."""

    id: str
    name: str = ""
    language: str = "en"
    zone: str = "UTC"
    numbers: tuple[str, ...] = ()
    email: str = ""
    """Where `me` is reached by e-mail; empty: not at all."""
    signature: str = ""
    """Stands at the end of every message, so that its receiver knows where it came from (S47); empty: none."""
    quiet_hours: QuietHours | None = None
    plan: Plan = Plan()
    tell: Tell = Tell()
    replies: Literal["", "email", "sms", "off"] = ""
    """By which road the owner gets what phones answer; empty: by e-mail where there is an address."""
    rsvp: Literal["silent", "confirm", "off"] = "silent"
    """Whether texts of the owner answer invitations, and whether they are told that the answer stands."""
    agendas: tuple[Agenda, ...] = ()


class Contact(Noun):
    """Somebody whom rules may tell: known by name, never taken from a mail."""

    id: str
    name: str = ""
    language: str = ""
    """Empty: the account's."""
    zone: str = ""
    """Empty: the account's."""
    numbers: tuple[str, ...] = ()
    email: str = ""
    fax: str = ""
    quiet_hours: QuietHours | None = None
    agreed: str = ""
    """How and when this person agreed to be told (S56, S84); empty: they have not, and are not told."""


class ConsentSource(StrEnum):
    """How we know that a recipient agreed."""

    CONFIGURATION = "configuration"
    """The account's own number, written by its owner or administrator."""
    AGREED = "agreed"
    """A contact's file says how and when they agreed."""


class Consent(Noun):
    """One recipient's agreement to be told by one account."""

    account: str
    address: str
    source: ConsentSource

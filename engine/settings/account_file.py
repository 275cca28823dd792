"""`config/accounts/*.yaml`: one account, its numbers, its mailboxes and its calendars."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from engine.account import Account, Agenda, Plan, Tell
from engine.document import Flag, VersionOne
from engine.noun import Written
from engine.rules.actions import Channels, Id, LaneNumber, Parts, Signature
from engine.rules.hours import Days, Time
from engine.rules.ruleset import GLOBAL
from engine.rules.when.words import one_or_more
from engine.settings.person import Email, Language, Name, Quiet, Zone
from engine.sources.calendar.feed import Feed
from engine.sources.imap.mailbox import Mailbox


def _account_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", value):
        raise ValueError("an account's id has small letters, digits, '.', '-' and '_', and begins with the first two")
    if value == GLOBAL:
        raise ValueError("'global' names the rules that all accounts share; give the account another id")
    return value


class WrittenPlan(Written):
    """`engine.account.Plan`, as a person writes it."""

    parts_per_month: int = Field(default=0, ge=0, le=1_000_000)
    """SMS parts a month; what is left lapses."""
    daily_cap: int = Field(default=20, ge=0, le=1_000_000)
    """Messages a day at most, whatever the rules say."""


class WrittenTell(Written):
    """`engine.account.Tell`, as a person writes it."""

    suspended: Flag = True
    """When a mailbox can be watched no more, or a calendar cannot be read, and not only for a moment."""
    low_balance: int = Field(default=5, ge=0, le=1_000_000)
    """When so few parts can still be paid, from allowance and balance together; 0: never."""
    dead_letter: Flag = True
    """When something could not be handled; the engine's `admin` is told, or whose it was when there is none."""


class WrittenAgenda(Written):
    """`engine.account.Agenda`, as a person writes it."""

    name: Id
    """Unique in the account; an agenda is known by it."""
    at: Time
    """When it is told, by the clock of `zone`."""
    days: Days = ()
    """On which days of the week. Default: every day, or Monday for a week."""
    span: Literal["day", "week"] = "day"
    """What it tells of: that day, or the seven days from it."""
    calendars: Annotated[tuple[str, ...], BeforeValidator(one_or_more, json_schema_input_type=str | list[str])] = ()
    """Of these calendars. Default: of all of the account's."""
    channels: Channels = ("sms",)
    """In order of fallback. By SMS it is told within `max_parts`, by the others in full."""
    max_parts: Parts = 2
    empty: Literal["skip", "tell"] = "skip"
    """What becomes of a day on which nothing is planned."""
    lane: LaneNumber = 2
    """1 urgent, 2 normal, 3 bulk."""

    def noun(self) -> Agenda:
        """As the account has it."""
        days = self.days or ((0,) if self.span == "week" else ())
        return Agenda(**{**self.model_dump(), "days": days})


class AccountFile(Written):
    """The file."""

    version: VersionOne
    id: Annotated[str, AfterValidator(_account_id)]
    """Also the name of its folder in `config/rules`. It is never to change: messages are known by it."""
    name: Name | None = None
    language: Language = "en"
    zone: Zone = "UTC"
    numbers: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """The owner's own mobile numbers; the first is `me`."""
    email: Email | None = None
    """Where `me` is reached by e-mail; no mailbox that is watched."""
    signature: Signature = "Tocsin"
    """Stands at the end of every message and is counted; `off` for none."""
    quiet_hours: Quiet = None
    """When the owner is not to be disturbed, by the clock of `zone`."""
    plan: WrittenPlan = WrittenPlan()
    tell: WrittenTell = WrittenTell()
    """What is told besides mail: what goes wrong."""
    replies: Literal["email", "sms", "off"] | None = None
    """How the owner gets what phones answer. Default: by e-mail where there is an address, else not at all."""
    rsvp: Literal["silent", "confirm", "off"] = "silent"
    """Whether "YES 2" from the owner's phone answers an invitation in a CalDAV calendar. `silent`: and is answered
    only when it fails; `confirm`: also when it stands; `off`: it is a text like any other."""
    mailboxes: Annotated[tuple[Mailbox, ...], Field(max_length=100)] = ()
    calendars: Annotated[tuple[Feed, ...], Field(max_length=100)] = ()
    """Whose appointments the account's rules remind of."""
    agenda: Annotated[tuple[WrittenAgenda, ...], Field(max_length=20)] = ()
    """What is planned, told at a chosen time."""

    def account(self, numbers: tuple[str, ...]) -> Account:
        """The account, with its numbers as E.164."""
        return Account(
            id=self.id,
            name=self.name or "",
            language=self.language,
            zone=self.zone,
            numbers=numbers,
            email=self.email or "",
            signature=self.signature,
            quiet_hours=self.quiet_hours.noun() if self.quiet_hours else None,
            plan=Plan(parts_per_month=self.plan.parts_per_month, daily_cap=self.plan.daily_cap),
            tell=Tell(**self.tell.model_dump()),
            replies=self.replies or "",
            rsvp=self.rsvp,
            agendas=tuple(each.noun() for each in self.agenda),
        )

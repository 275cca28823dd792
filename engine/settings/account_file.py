"""`config/accounts/*.yaml`: one account, its numbers and its mailboxes."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from engine.account import Account, Plan, Tell
from engine.document import Flag, VersionOne, suggest
from engine.noun import Written
from engine.rules.ruleset import GLOBAL
from engine.sources.imap.mailbox import Mailbox

Language = Literal["nl", "sv", "fr", "de", "en"]


def _account_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", value):
        raise ValueError("an account's id has small letters, digits, '.', '-' and '_', and begins with the first two")
    if value == GLOBAL:
        raise ValueError("'global' names the rules that all accounts share; give the account another id")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        label = _near_zone(value)
        hint = "write a time zone as Europe/Brussels"
        raise PydanticCustomError(
            "value_error", "there is no such time zone", {"label": label, "hint": hint}
        ) from None
    return value


def _near_zone(value: str) -> str:
    names = {name.lower(): name for name in sorted(available_timezones())}
    wanted = value.lower().replace(" ", "_")
    exact = [name for name in names if name == wanted or name.endswith(f"/{wanted}")]
    near = suggest(exact[0] if exact else wanted, names)
    return re.sub(r"'(.*)'", lambda match: f"'{names[match[1]]}'", near)


class WrittenPlan(Written):
    """`engine.account.Plan`, as a person writes it."""

    parts_per_month: int = Field(default=0, ge=0, le=1_000_000)
    """SMS parts a month; what is left lapses."""
    daily_cap: int = Field(default=20, ge=0, le=1_000_000)
    """Messages a day at most, whatever the rules say."""


class WrittenTell(Written):
    """`engine.account.Tell`, as a person writes it."""

    suspended: Flag = True
    """When a mailbox can be watched no more."""
    low_balance: int = Field(default=5, ge=0, le=1_000_000)
    """When so few parts can still be paid, from allowance and balance together; 0: never."""
    dead_letter: Flag = True
    """When something could not be handled; the engine's `admin` is told, or whose it was when there is none."""


class AccountFile(Written):
    """The file."""

    version: VersionOne
    id: Annotated[str, AfterValidator(_account_id)]
    """Also the name of its folder in `config/rules`. It is never to change: messages are known by it."""
    language: Language = "en"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    numbers: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """The owner's own mobile numbers; the first is `me`."""
    plan: WrittenPlan = WrittenPlan()
    tell: WrittenTell = WrittenTell()
    """What is told besides mail: what goes wrong."""
    mailboxes: Annotated[tuple[Mailbox, ...], Field(max_length=100)] = ()

    def account(self, numbers: tuple[str, ...]) -> Account:
        """The account, with its numbers as E.164."""
        plan = Plan(parts_per_month=self.plan.parts_per_month, daily_cap=self.plan.daily_cap)
        tell = Tell(**self.tell.model_dump())
        return Account(id=self.id, language=self.language, zone=self.zone, numbers=numbers, plan=plan, tell=tell)

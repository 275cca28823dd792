"""What to tell whom because of which rule."""

from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from engine.identity import derive
from engine.noun import Noun


class Channel(StrEnum):
    """How a person is reached."""

    SMS = "sms"
    EMAIL = "email"
    FAX = "fax"
    MMS = "mms"
    RCS = "rcs"


class Lane(IntEnum):
    """How fast a message goes: 1 urgent, 2 normal, 3 bulk. No lane starves (served 8:3:1)."""

    URGENT = 1
    NORMAL = 2
    BULK = 3


OnUnknown = Literal["hold", "resend"]


class Notification(Noun):
    """One recipient is to be told of one event by one action of one rule, exactly once."""

    event_id: UUID
    account: str
    scope: str
    """Whose rules: ``global`` or an account's id."""
    rule: str
    """The rule's id: by default the slug of its name, unique in its scope."""
    action: str
    """The action's name in the rule."""
    recipient: str
    """Who, by name (``me``): a number that is corrected between two deliveries must not make a second SMS."""
    address: str
    """Where: the E.164 number of that moment."""
    channel: Channel = Channel.SMS
    text: str
    lane: Lane = Lane.NORMAL
    max_parts: int = Field(default=1, ge=1)
    on_unknown: OnUnknown = "hold"
    decided_at: AwareDatetime
    not_after: AwareDatetime | None = None
    """Past this moment the message is worthless: it expires and its credit is given back."""
    rules_version: str = ""
    """Which configuration decided. Data, never identity: a reload must not mint a second SMS."""

    @cached_property
    def id(self) -> UUID:
        """(event, rule scope, rule id, action name, recipient)."""
        return derive("notification", str(self.event_id), self.scope, self.rule, self.action, self.recipient)

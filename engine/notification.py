"""What to tell whom because of which rule."""

from datetime import timedelta
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field

from engine.enclosure import Enclosure
from engine.identity import derive
from engine.noun import Noun
from engine.quiet import QuietHours


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


class Dedupe(Noun):
    """The same thing is told once in a period: `key` says what counts as the same."""

    key: str
    for_: timedelta


class Throttle(Noun):
    """At most `max` messages in any period of `per`; the rest is dropped or collected into a digest."""

    max: int = Field(ge=1)
    per: timedelta
    then: Literal["drop", "digest"] = "digest"


class Digest(Noun):
    """Everything is collected and told together: after each period of `every`, or at these times of the day."""

    every: timedelta | None = None
    at: tuple[str, ...] = ()
    """HH:MM by the receiver's clock."""
    days: tuple[int, ...] = ()
    """On these days of the week only (0 is Monday); empty: every day."""
    max_items: int = Field(default=50, ge=1)


class Limits(Noun):
    """What the rule's author set against too much. Data of the notification; admission keeps count."""

    dedupe: Dedupe | None = None
    throttle: Throttle | None = None
    quiet_hours: QuietHours | None = None
    digest: Digest | None = None
    daily: int | None = None
    """Messages of this rule a day, in the account's zone; what is beyond is named in one digest."""


class Road(Noun):
    """Another way to the same recipient."""

    channel: Channel
    address: str
    text: str
    max_parts: int = Field(default=1, ge=1)


FallbackOn = Literal["failed", "no_credit", "not_delivered", "not_read"]


class Fallback(Noun):
    """When the next of a notification's roads is taken after one of them was."""

    after: timedelta | None = None
    """So long after it was admitted a message must have arrived (`not_delivered`) or been read (`not_read`)."""
    on: tuple[FallbackOn, ...] = ("failed", "no_credit")
    """`failed`: it was refused, or the network gave up. `no_credit`: nothing can pay for it."""


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
    otherwise: tuple[Road, ...] = ()
    """Further roads, in order, for when the first cannot be taken. A channel is a road: none stands here twice."""
    together: bool = False
    """All roads are taken at once."""
    fallback: Fallback | None = None
    """When the next road is taken after another one was; None: never."""
    title: str = ""
    """What it is about, in one line, for a digest."""
    zone: str = ""
    """The receiver's zone (quiet hours, digests); empty: the account's."""
    language: str = ""
    """The receiver's language; empty: the account's."""
    enclosures: tuple[Enclosure, ...] = ()
    """Files of the mail that are told with it."""
    limits: Limits = Limits()
    decided_at: AwareDatetime
    not_after: AwareDatetime | None = None
    """Past this moment the message is worthless: it expires and its credit is given back."""
    rules_version: str = ""
    """Which configuration decided. Data, never identity: a reload must not mint a second SMS."""

    @property
    def roads(self) -> tuple[Road, ...]:
        """All of them, its own first."""
        own = Road(channel=self.channel, address=self.address, text=self.text, max_parts=self.max_parts)
        return (own, *self.otherwise)

    def alone(self, road: Road) -> Self:
        """The same notification with this road and no other."""
        return self.model_copy(update={**dict(road), "otherwise": ()})

    @cached_property
    def id(self) -> UUID:
        """(event, rule scope, rule id, action name, recipient)."""
        return derive("notification", str(self.event_id), self.scope, self.rule, self.action, self.recipient)

    def carried_by(self, channel: Channel) -> tuple[Enclosure, ...]:
        """The files that a message of this channel has with it; an SMS has links to them at most."""
        if channel is Channel.SMS:
            return ()
        return tuple(each for each in self.enclosures if each.kept and (channel is not Channel.FAX or each.pages))

    @property
    def waits(self) -> bool:
        """Whether its files are still to be fetched."""
        return not all(each.kept or each.lack for each in self.enclosures)

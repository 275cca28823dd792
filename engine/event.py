"""What happened in the outside world. An event's id is derived from where it came from, so it can be told twice."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, Field

from engine.identity import derive
from engine.noun import Noun

#: Bounds of what an event carries (design: payload). Longer mail is cut and says so.
MOST_HEADER_BYTES = 64 * 1024
MOST_TEXT_BYTES = 64 * 1024


class Address(Noun):
    """One mail address: the part people read and the part machines use (lower case)."""

    name: str = ""
    address: str


class Attachment(Noun):
    """What is known of an attachment without fetching it; `section` finds its bytes again (RFC 3501 6.4.5)."""

    name: str
    media_type: str
    size: int
    section: str


class MailArrived(Noun):
    """A mail stands in a watched folder."""

    kind: Literal["mail"] = "mail"
    account: str
    host: str
    user: str
    folder: str
    uidvalidity: int
    uid: int
    arrived_at: AwareDatetime
    """INTERNALDATE: when the mail server took it."""
    read_at: AwareDatetime
    """When we read it."""
    late: Literal["drop", "say so"] | None = None
    """Set when the mail was older than the mailbox's `late.after` at `read_at`: what its owner wants then."""
    message_id: str = ""
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    delivered_to: tuple[Address, ...] = ()
    """Delivered-To: the address that the mail was taken in for, which neither To nor Cc needs to name."""
    subject: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    truncated: bool = False
    attachments: tuple[Attachment, ...] = ()
    size: int = 0
    trusted: tuple[str, ...] = ()
    """Whose Authentication-Results this mailbox's owner trusts (authserv-ids, RFC 8601 2.2)."""

    @cached_property
    def id(self) -> UUID:
        """(account, host + user + folder, UIDVALIDITY, UID): unique for a mailbox's life (RFC 3501 2.3.1.1)."""
        return derive("mail", self.account, self.host, self.user, self.folder, self.uidvalidity, self.uid)

    @property
    def happened_at(self) -> datetime:
        """When it happened in the outside world."""
        return self.arrived_at


def due_id(account: str, feed: str, uid: str, starts_at: datetime, rule: str, alarm: str, turn: int) -> UUID:
    """The id of an `OccasionDue`, known before there is one.

    RECURRENCE-ID is no part of it: an instance gets one as soon as anything of it is changed (RFC 5545 3.8.4.4), and
    a new title must not remind a second time.
    """
    which: list[str | int] = [account, feed, uid, int(starts_at.timestamp()), rule, alarm]
    return derive("occasion", *which, *([turn] if turn else []))


class OccasionDue(Noun):
    """One occurrence of an appointment is due for a reminder, or has changed since it was told."""

    kind: Literal["occasion"] = "occasion"
    account: str
    feed: str
    uid: str
    recurrence_id: str = ""
    starts_at: AwareDatetime
    alarm: str
    due_at: AwareDatetime
    title: str = ""
    location: str = ""
    ends_at: AwareDatetime | None = None
    all_day: bool = False
    organiser: Address | None = None
    attendees: tuple[Address, ...] = ()
    categories: tuple[str, ...] = ()
    status: Literal["confirmed", "tentative", "cancelled"] = "confirmed"
    rule: str = ""
    """`scope/id` of the rule that reminds of it, the only one that is asked; empty: all are."""
    turn: int = Field(default=0, ge=0)
    """Counts up when what was due is withdrawn and is due again after all: each turn is told once."""
    change: Literal["", "moved", "cancelled"] = ""
    """Not a reminder, but that an appointment that was announced is no longer as it was."""
    was: AwareDatetime | None = None
    """When it would have started by what was told last; None when that was a cancellation, or nothing."""
    late: bool = False
    """Whether the moment of the reminder was missed by more than its rule's `late.after`."""
    rsvp: int = Field(default=0, ge=0)
    """The number under which the owner may answer this invitation by a text; 0: there is nothing to answer."""

    @cached_property
    def id(self) -> UUID:
        """(account, feed, UID, start, rule, alarm, turn): a moved one is a new event."""
        return due_id(self.account, self.feed, self.uid, self.starts_at, self.rule, self.alarm, self.turn)

    @property
    def happened_at(self) -> datetime:
        """When it happened in the outside world."""
        return self.due_at


class Item(NamedTuple):
    """One appointment of an agenda."""

    starts_at: AwareDatetime
    title: str = ""
    location: str = ""
    all_day: bool = False


class AgendaDue(Noun):
    """What stands in an account's calendars on a day, or in the week from it, is due to be told."""

    kind: Literal["agenda"] = "agenda"
    account: str
    name: str
    """Which of the account's agendas."""
    day: str
    """The first day, as 2026-11-21."""
    span: Literal["day", "week"] = "day"
    items: tuple[Item, ...] = ()
    """In the order in which they start."""
    due_at: AwareDatetime

    @cached_property
    def id(self) -> UUID:
        """(account, name, day): each is told once."""
        return derive("agenda", self.account, self.name, self.day)

    @property
    def happened_at(self) -> datetime:
        """When it happened in the outside world."""
        return self.due_at


class MessageReceived(Noun):
    """A phone has sent a text to one of our numbers."""

    kind: Literal["message"] = "message"
    account: str
    """Whose it is; empty: nobody's, and no rule is asked."""
    found_by: Literal["route", "reply", "nobody"] = "route"
    """A written route, the last message to that phone, or neither: then it is the admin's, if there is one."""
    provider: str
    provider_ref: str = ""
    sender: str
    """E.164 where it is a number."""
    to: str = ""
    """Ours: E.164, a short number or an endpoint code."""
    keyword: str = ""
    """The first word, folded."""
    text: str = ""
    received_at: AwareDatetime
    """When the provider had it."""
    read_at: AwareDatetime
    """When we had it."""

    @cached_property
    def id(self) -> UUID:
        """(provider, its reference): brought again it is the same event. Without a reference, what it says and the
        minute. Whose it is stands not in it: what is brought again may be found to be somebody else's."""
        if self.provider_ref:
            return derive("message", self.provider, self.provider_ref)
        minute = int(self.received_at.timestamp()) // 60
        return derive("message", self.provider, self.sender, self.to, self.text, minute)

    @property
    def happened_at(self) -> datetime:
        """When it happened in the outside world."""
        return self.received_at


class What(StrEnum):
    """What can go wrong that somebody should hear of."""

    SUSPENDED = "suspended"
    """A mailbox's sign-in is refused; nobody signs in until its credentials change."""
    FOLDER_MISSING = "folder_missing"
    FEED_FAILING = "feed_failing"
    """A calendar cannot be read, and not only for a moment; its last good copy is in use."""
    LOW_BALANCE = "low_balance"
    DEAD_LETTER = "dead_letter"
    PROVIDER_DOWN = "provider_down"
    """A provider does not answer, or refuses us, also after a rest."""
    NO_RECEIPTS = "no_receipts"
    """A provider was told to report what became of messages, and does not."""


class Incident(Noun):
    """Something went wrong, here and not in the world; `account` is who hears of it."""

    kind: Literal["incident"] = "incident"
    account: str
    what: What
    subject: str
    """To what: a mailbox, a folder, a calendar, the account's credit, a topic, a provider."""
    began_at: AwareDatetime
    left: int = 0
    """Of a low balance: the parts that can still be paid. Data, never identity."""

    @cached_property
    def id(self) -> UUID:
        """(account, what, subject, beginning): seen again it is the same one; when it comes back it is a new one."""
        return derive("incident", self.account, self.what.value, self.subject, int(self.began_at.timestamp() * 1000))

    @property
    def happened_at(self) -> datetime:
        """When it began."""
        return self.began_at


#: What rules are about.
Subject = MailArrived | MessageReceived | OccasionDue
Event = Annotated[MailArrived | MessageReceived | OccasionDue | AgendaDue | Incident, Field(discriminator="kind")]


def fit(event: MailArrived, most: int) -> MailArrived:
    """The mail with so much of its text and headers cut that its record takes at most `most` bytes."""
    while len(event.text) + sum(len(n) + len(v) for n, v in event.headers) > most // 8:
        if len(event.model_dump_json().encode()) <= most:
            break
        event = event.model_copy(
            update={
                "text": event.text[: len(event.text) // 2],
                "headers": event.headers[: len(event.headers) // 2],
                "truncated": True,
            }
        )
    return event

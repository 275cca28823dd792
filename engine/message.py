"""One channel's copy of a notification: what a provider is handed, and what attempts and receipts hang on."""

from uuid import UUID

from pydantic import AwareDatetime

from engine.identity import derive
from engine.medium import Medium
from engine.notification import Channel, Lane, OnUnknown
from engine.noun import Noun


def message_id(notification_id: UUID, channel: Channel) -> UUID:
    """(notification, channel): parallel channels and fall-backs are messages of one notification, a channel is used
    once. The 0 stood for a number of turns; without it the ids of all stores would change."""
    return derive("message", str(notification_id), channel.value, 0)


class Message(Noun):
    """What leaves the house: one text to one address through one provider."""

    id: UUID
    account: str
    channel: Channel
    provider: str
    address: str
    text: str
    parts: int
    title: str = ""
    """What it is about, in one line: the subject of a mail."""
    media: tuple[Medium, ...] = ()
    """Files that go with it."""
    unsubscribe: str = ""
    """Where a mail program takes its reader's consent back in one click (RFC 8058); empty: nowhere."""
    lane: Lane = Lane.NORMAL
    """How urgent it is, for a provider that has priorities of its own (S16)."""
    on_unknown: OnUnknown = "hold"
    not_after: AwareDatetime | None = None

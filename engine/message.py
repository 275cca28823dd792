"""One channel's copy of a notification: what a provider is handed, and what attempts and receipts hang on."""

from typing import Self
from uuid import UUID

from pydantic import AwareDatetime

from engine.identity import derive
from engine.medium import Medium
from engine.notification import Channel, Lane, Notification, OnUnknown
from engine.noun import Noun


def message_id(notification_id: UUID, channel: Channel, hop: int = 0) -> UUID:
    """(notification, channel, hop): parallel channels and fall-backs are messages of one notification."""
    return derive("message", str(notification_id), channel.value, hop)


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

    @classmethod
    def of(cls, notification: Notification, provider: str, parts: int, hop: int = 0) -> Self:
        """The copy of `notification` that goes out through `provider`."""
        return cls(
            id=message_id(notification.id, notification.channel, hop),
            account=notification.account,
            channel=notification.channel,
            provider=provider,
            address=notification.address,
            text=notification.text,
            parts=parts,
            lane=notification.lane,
            on_unknown=notification.on_unknown,
            not_after=notification.not_after,
        )

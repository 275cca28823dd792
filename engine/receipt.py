"""One fact about a message: what became of it, and why."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from engine.noun import Noun
from engine.reason import Reason


class Fate(StrEnum):
    """What became of a message. `sent` means that it left our system, `delivered` that the phone has it (S42)."""

    REFUSED = "refused"
    HELD = "held"
    """It waits for an hour; the receipt's detail says which. Nothing is reserved."""
    COLLECTED = "collected"
    """It is told with others; the detail says when."""
    DIGESTED = "digested"
    """It was told with others, by the message that the receipt names; the detail names that one's notification."""
    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """What it was about has changed before it was sent; the credit is given back."""


#: Which fate may follow which. What is not here is ignored when it arrives: a late or repeated report
#: never takes back what is known.
FOLLOWS: dict[Fate, frozenset[Fate]] = {
    Fate.REFUSED: frozenset(),
    Fate.HELD: frozenset({Fate.HELD, Fate.QUEUED, Fate.COLLECTED, Fate.REFUSED, Fate.EXPIRED, Fate.WITHDRAWN}),
    Fate.COLLECTED: frozenset({Fate.DIGESTED, Fate.REFUSED, Fate.WITHDRAWN}),
    Fate.DIGESTED: frozenset(),
    Fate.QUEUED: frozenset(
        {
            Fate.SENDING,
            Fate.EXPIRED,
            Fate.SENT,
            Fate.DELIVERED,
            Fate.READ,
            Fate.UNDELIVERED,
            Fate.FAILED,
            Fate.UNCERTAIN,
            Fate.WITHDRAWN,
        }
    ),
    Fate.SENDING: frozenset(
        {
            Fate.QUEUED,
            Fate.SENT,
            Fate.FAILED,
            Fate.UNCERTAIN,
            Fate.DELIVERED,
            Fate.READ,
            Fate.UNDELIVERED,
            Fate.EXPIRED,
        }
    ),
    Fate.UNCERTAIN: frozenset({Fate.QUEUED, Fate.SENT, Fate.FAILED, Fate.DELIVERED, Fate.READ, Fate.UNDELIVERED}),
    Fate.SENT: frozenset({Fate.DELIVERED, Fate.READ, Fate.UNDELIVERED}),
    Fate.DELIVERED: frozenset({Fate.READ}),
    Fate.READ: frozenset(),
    Fate.UNDELIVERED: frozenset({Fate.DELIVERED, Fate.READ}),
    Fate.FAILED: frozenset(),
    Fate.EXPIRED: frozenset(),
    Fate.WITHDRAWN: frozenset(),
}

#: Nothing more is to be done for these.
SETTLED = frozenset(
    {
        Fate.REFUSED,
        Fate.DIGESTED,
        Fate.SENT,
        Fate.DELIVERED,
        Fate.READ,
        Fate.UNDELIVERED,
        Fate.FAILED,
        Fate.EXPIRED,
        Fate.WITHDRAWN,
    }
)


def may_follow(now: Fate, then: Fate) -> bool:
    """Whether a message whose fate is `now` may come to `then`."""
    return then in FOLLOWS[now]


class Receipt(Noun):
    """What became of a message at a moment, for a named reason. `detail` holds the provider's own words."""

    message_id: UUID
    notification_id: UUID
    account: str
    fate: Fate
    reason: Reason
    at: AwareDatetime
    detail: str = ""


class DeliveryReport(Noun):
    """What a provider tells us after it answered; it also proves that the provider took the message.

    A provider names the message by our reference, by its own, or by both.
    """

    provider: str
    client_ref: str = ""
    provider_ref: str = ""
    fate: Fate
    reason: Reason
    at: AwareDatetime
    detail: str = ""

"""An appointment to which somebody is asked, and the answer that came by phone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.account import Account
from engine.identity import derive
from engine.occasion import Occasion
from engine.reason import Reason
from engine.rsvp import Answer


@dataclass(frozen=True)
class Invitation:
    """One that an account's owner was told of while the answer was open, and the number by which it is answered."""

    account: str
    feed: str
    uid: str
    recurrence_id: str
    """Of a changed instance of a series; empty: what is answered is the whole series, or no series."""
    title: str
    starts_at: datetime
    ends_at: datetime
    code: int = 0
    """1 to 99; 0: it has none."""
    answer: Answer | None = None
    """The last that came."""
    answered_at: datetime | None = None
    event_id: UUID | None = None
    """Of the text that answered."""
    reason: Reason | None = None
    """What became of the answer; `RSVP_PENDING` as long as it is being written."""
    tries: int = 0

    @property
    def id(self) -> UUID:
        """(account, feed, UID, RECURRENCE-ID): moved, it is the same invitation."""
        return derive("invitation", self.account, self.feed, self.uid, self.recurrence_id)

    @classmethod
    def of(cls, account: str, occasion: Occasion) -> "Invitation":
        """The one that an occasion belongs to."""
        return cls(
            account=account,
            feed=occasion.feed,
            uid=occasion.uid,
            recurrence_id=occasion.recurrence_id,
            title=occasion.title,
            starts_at=occasion.starts_at,
            ends_at=occasion.ends_at,
        )


def known_as(account: Account, user: str) -> Collection[str]:
    """The addresses by which a calendar knows an account's owner: the account's own, and its user on the server."""
    return {each.lower() for each in (account.email, user if "@" in user else "") if each}


def is_asked(occasion: Occasion, addresses: Collection[str]) -> bool:
    """Whether an answer of one of these is open; who called for it is not asked."""
    organiser = occasion.organiser.address if occasion.organiser else ""
    return organiser not in addresses and any(each in addresses for each in occasion.asked)

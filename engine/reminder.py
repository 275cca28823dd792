"""What an account is reminded of: one instant, of one rule, for one appointment as it stands at one start."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from engine.event import OccasionDue, due_id
from engine.occasion import Occasion
from engine.reason import Reason

#: The label of what tells a change, as `Offset.label` is that of what reminds.
CHANGE = "change"
Change = Literal["", "moved", "cancelled"]


class State(StrEnum):
    """Where a reminder stands."""

    PENDING = "pending"
    FIRED = "fired"
    """Its event is on the stream; what became of that is told by `engine.receipt`."""
    WITHDRAWN = "withdrawn"
    """The appointment is no longer so; it comes back when that does."""
    PASSED = "passed"
    """Its moment was over before anybody could be reminded."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder. Account, feed, UID, start, rule and label are what it is; the rest is what became of it."""

    account: str
    feed: str
    uid: str
    starts_at: datetime
    rule: str
    """`scope/id`."""
    label: str
    """Of the offset or the alarm that asks for it, or `CHANGE`."""
    at: datetime
    state: State = State.PENDING
    reason: Reason | None = None
    """Why it is withdrawn or passed."""
    turn: int = 0
    event_id: UUID | None = None
    """Of the event that may have told it in this turn; None as long as none can have been published."""
    lease: datetime | None = None
    """Until when whoever fires it has it; set once its event may be on the stream."""
    change: Change = ""
    was: datetime | None = None
    """As `OccasionDue.was`."""
    occasion: Occasion | None = None
    """What a change tells of: the calendar may no longer have it."""

    @property
    def key(self) -> UUID:
        """What it is, whatever became of it: the id of its first event."""
        return self._id(0)

    @property
    def due_id(self) -> UUID:
        """Of the event that tells it in this turn."""
        return self._id(self.turn)

    @property
    def out_id(self) -> UUID | None:
        """Of the event of this turn, when it may be out."""
        return self.event_id or (self.due_id if self.lease is not None else None)

    @property
    def active(self) -> bool:
        """Whether it is told, or will be."""
        return self.state in (State.PENDING, State.FIRED)

    def event(self, occasion: Occasion, *, late: bool, rsvp: int = 0) -> OccasionDue:
        """What is published when it fires; `late`: and has to say so; `rsvp`: and may be answered."""
        return OccasionDue(
            account=self.account,
            feed=self.feed,
            uid=self.uid,
            recurrence_id=occasion.recurrence_id,
            starts_at=self.starts_at,
            alarm=self.label,
            due_at=self.at,
            title=occasion.title,
            location=occasion.location,
            ends_at=occasion.ends_at,
            all_day=occasion.all_day,
            organiser=occasion.organiser,
            attendees=occasion.attendees,
            categories=occasion.categories,
            status=occasion.status,
            rule=self.rule,
            turn=self.turn,
            change=self.change,
            was=self.was,
            late=late,
            rsvp=rsvp,
        )

    def withdraw(self, reason: Reason) -> Self:
        """Not told any more. Its event, when one may be out, is named for those who must stop it."""
        return replace(self, state=State.WITHDRAWN, reason=reason, event_id=self.out_id, lease=None)

    def arm(self, at: datetime) -> Self:
        """Told at `at` after all; in a turn of its own when the one before may be out."""
        turn = self.turn + (self.event_id is not None)
        return replace(self, state=State.PENDING, reason=None, at=at, turn=turn, event_id=None, lease=None)

    def _id(self, turn: int) -> UUID:
        return due_id(self.account, self.feed, self.uid, self.starts_at, self.rule, self.label, turn)

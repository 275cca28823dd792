"""How a provider fares: its circuit breaker, its share of new messages, and the pace that it bears. Pure.

A breaker opens on failures *and* on calls without an answer: an opaque provider that times out must be left alone at
once, or every further call makes one more message of which nobody knows whether it was sent. While it is open nothing
is handed over; after a rest a single message tries (half open), and the rest doubles with each failed try.

A provider that says "too fast" is slowed down: to half of what it was called with, and then faster by a tenth each
second, until it is at its own rate again (additive ease and multiplicative cut, as TCP does: RFC 5681).
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field

from engine.answer import Answer, Outcome
from engine.noun import Noun
from engine.reason import Reason

#: So many calls in a row without a good answer open the breaker.
THRESHOLD = 5
#: Below this share of good answers it opens too, though one in between was good.
LEAST_GOOD = 0.5
#: How much one call weighs in that share: about the last twenty count.
WEIGHT = 0.1
#: What a provider that was given up begins with again: its share grows with each good answer.
RECOVERED = 0.7
#: The first rest of an open breaker, and the longest.
FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(minutes=5)
#: Calls a second that a provider without a rate of its own is cut to first.
FIRST_CUT = 20.0
#: Slower than that nobody is made.
SLOWEST = 0.2
#: How much faster it may be called each second after a cut.
EASE = 1.1
#: A provider without a rate of its own that bears so much is not slowed down any more.
FREE = 1000.0
#: No's that say something about our account with the provider, not about the message.
OF_THE_PROVIDER = frozenset({Reason.PROVIDER_AUTH, Reason.PROVIDER_NO_CREDIT})
#: What kept us from calling at all says nothing about the provider.
OF_OURS = frozenset({Reason.STORE_DOWN, Reason.HELD_UP})


class State(StrEnum):
    """What the breaker lets through: everything, nothing, or one message that tries."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Health(Noun):
    """What is known of a provider, over all workers."""

    good: float = 1.0
    """The share of recent calls that brought a good answer, the newer ones weighing more."""
    streak: int = 0
    """Calls in a row that brought none."""
    opened_at: AwareDatetime | None = None
    """Since when the breaker is open."""
    try_at: AwareDatetime | None = None
    """When one message may try."""
    rest: timedelta = FIRST_REST
    slowed_to: float = Field(default=0.0, ge=0)
    """Calls a second at `slowed_at`; 0: not slowed down."""
    slowed_at: AwareDatetime | None = None

    def state(self, now: datetime) -> State:
        """What may be handed over at this moment."""
        if self.opened_at is None or self.try_at is None:
            return State.CLOSED
        return State.HALF_OPEN if self.try_at <= now else State.OPEN

    @property
    def down(self) -> bool:
        """Whether it failed again after a rest: worth telling somebody."""
        return self.opened_at is not None and self.rest > FIRST_REST

    def share(self, now: datetime) -> float:
        """How much of its share of new messages it should get, from 0 (leave it alone) to 1."""
        state = self.state(now)
        return 0.0 if state is State.OPEN else RECOVERED if state is State.HALF_OPEN else self.good

    def pace(self, rate: float | None, now: datetime) -> float | None:
        """Calls a second that it bears now; None: as fast as it answers."""
        if self.slowed_at is None:
            return rate
        eased: float = self.slowed_to * EASE ** min(120.0, (now - self.slowed_at).total_seconds())
        if eased >= (FREE if rate is None else rate):
            return rate
        return eased

    def trying(self, now: datetime, patience: timedelta) -> "Health":
        """One message tries now: no other does until its answer must be there."""
        return self.model_copy(update={"try_at": now + max(self.rest, patience)})

    def after(self, said: Answer, rate: float | None, started: datetime, now: datetime) -> "Health":
        """What is known after an answer to a call that was made at `started`."""
        if said.reason in OF_OURS:
            return self
        if said.outcome is Outcome.NOT_TAKEN and said.reason is Reason.PROVIDER_BUSY:
            return self._slower(rate, started, now)
        if said.outcome in (Outcome.ACCEPTED, Outcome.REFUSED) and said.reason not in OF_THE_PROVIDER:
            return self._better()
        return self._worse(started, now)

    def _better(self) -> "Health":
        if self.opened_at is not None:
            return Health(good=RECOVERED, slowed_to=self.slowed_to, slowed_at=self.slowed_at)
        if not self.streak and self.good == 1.0:
            return self
        good = self.good + (1.0 - self.good) * WEIGHT
        return self.model_copy(update={"good": 1.0 if good > 0.99 else good, "streak": 0})

    def _worse(self, started: datetime, now: datetime) -> "Health":
        streak, good = self.streak + 1, self.good * (1.0 - WEIGHT)
        if self.opened_at is None:
            if streak < THRESHOLD and good >= LEAST_GOOD:
                return self.model_copy(update={"streak": streak, "good": good})
            opened = {"streak": streak, "good": good, "opened_at": now, "try_at": now + FIRST_REST}
            return self.model_copy(update={**opened, "rest": FIRST_REST})
        if started < self.opened_at:
            return self  # it was under way when the breaker opened: no news
        rest = min(self.rest * 2, LONGEST_REST)
        return self.model_copy(update={"streak": streak, "good": good, "rest": rest, "try_at": now + rest})

    def _slower(self, rate: float | None, started: datetime, now: datetime) -> "Health":
        if self.slowed_at is not None and started < self.slowed_at:
            return self  # it was under way when we slowed down
        borne = self.pace(rate, now)
        cut = FIRST_CUT if borne is None else borne / 2
        return self.model_copy(update={"slowed_to": max(SLOWEST, cut), "slowed_at": now})

"""What the rules said of one event: the row that `explain` reads, also for the mail that matched nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.notification import Notification
from engine.reason import Reason

# These never travel: they go from the rules to one row of the store. Every rule answers every mail, so they are made
# by the dozen for each, and a named tuple costs a tenth of a pydantic model. New fields go to the end.


class Evidence(NamedTuple):
    """One condition, as the rule's author wrote it, what the mail held, and whether they agree."""

    condition: str
    found: str
    holds: bool
    place: str = ""
    """file:line:column of the condition."""


class RuleAnswer(NamedTuple):
    """What one rule said: it matched, or the first condition that failed, or why it was not asked."""

    scope: str
    rule: str
    """Empty where one answer stands for all rules of a large scope that did not match; `name` says how many."""
    name: str
    place: str
    """file:line of the rule."""
    reason: Reason
    """MATCHED, NO_RULE_MATCHED (a condition failed) or STOPPED (an earlier rule stops the ones after it)."""
    evidence: tuple[Evidence, ...] = ()
    """The conditions that held up to and including the first that failed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The rules' answer to one event. The first one stands: a redelivery publishes what was decided then."""

    event_id: UUID
    account: str
    decided_at: datetime
    rules_version: str
    reason: Reason
    """MATCHED, NO_RULE_MATCHED, TOO_LATE, UNKNOWN_ACCOUNT, NO_NUMBER ..."""
    answers: tuple[RuleAnswer, ...] = ()
    notifications: tuple[Notification, ...] = ()

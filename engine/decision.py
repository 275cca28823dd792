"""What the rules said of one event: the row that `explain` reads, also for the mail that matched nothing."""

from uuid import UUID

from pydantic import AwareDatetime

from engine.notification import Notification
from engine.noun import Noun
from engine.reason import Reason


class Evidence(Noun):
    """One condition, as the rule's author wrote it, what the mail held, and whether they agree."""

    condition: str
    found: str
    holds: bool
    place: str = ""
    """file:line:column of the condition."""


class RuleAnswer(Noun):
    """What one rule said: it matched, or the first condition that failed, or why it was not asked."""

    scope: str
    rule: str
    name: str
    place: str
    """file:line of the rule."""
    reason: Reason
    """MATCHED, NO_RULE_MATCHED (a condition failed) or STOPPED (an earlier rule stops the ones after it)."""
    evidence: tuple[Evidence, ...] = ()
    """The conditions that held up to and including the first that failed."""


class Decision(Noun):
    """The rules' answer to one event. The first one stands: a redelivery publishes what was decided then."""

    event_id: UUID
    account: str
    decided_at: AwareDatetime
    rules_version: str
    reason: Reason
    """MATCHED, NO_RULE_MATCHED, TOO_LATE, UNKNOWN_ACCOUNT, NO_NUMBER ..."""
    answers: tuple[RuleAnswer, ...] = ()
    notifications: tuple[Notification, ...] = ()

"""What a provider's answer means for us: one vocabulary, whatever the vendor says."""

from datetime import timedelta
from enum import StrEnum

from engine.noun import Noun
from engine.reason import Reason


class ProviderClass(StrEnum):
    """What can be done about a call that got no answer. Declared by the provider, proven by its contract test."""

    IDEMPOTENT = "idempotent"
    """The same reference sent again is taken once: send it again, within `key_life`."""
    QUERYABLE = "queryable"
    """It can be asked by our reference whether it took the message: ask."""
    OPAQUE = "opaque"
    """Neither: hold, or send again if the rule's owner chose that."""


class Outcome(StrEnum):
    """What a provider's answer means for us."""

    ACCEPTED = "accepted"
    """It took the message: settle."""
    REFUSED = "refused"
    """It will never take this message: release."""
    NOT_TAKEN = "not_taken"
    """It certainly did not take the message; try again later (connection refused, 429, asked and not found)."""
    UNKNOWN = "unknown"
    """It may have taken the message: resolve by class, never simply send again."""


class Answer(Noun):
    """A provider's answer. `detail` holds its own words, without secrets and without the number."""

    outcome: Outcome
    reason: Reason
    provider_ref: str = ""
    detail: str = ""
    retry_after: timedelta | None = None

"""What is known of one call to a provider."""

from enum import StrEnum


class AttemptState(StrEnum):
    """Written before the call as IN_FLIGHT; every other state is an end, and UNKNOWN is never simply retried."""

    IN_FLIGHT = "in_flight"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_TAKEN = "not_taken"
    UNKNOWN = "unknown"

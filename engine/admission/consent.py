"""Nobody is told who has not agreed (S84, S98)."""

from datetime import datetime

from engine.admission.standing import Standing
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_consent(told: Notification, quote: Quote, standing: Standing) -> Reason | None:
    """Asked at send time, not when the rule was written: consent can be withdrawn in between."""
    return None if quote.address_of(told) in standing.consents else Reason.NO_CONSENT


def say_stopped(address: str, at: datetime) -> str:
    """Why there is no consent, where the recipient has written STOP, or clicked it in a mail."""
    by = "e-mail" if "@" in address else "a text from that number"
    return f"withdrawn by {by} on {at:%Y-%m-%d %H:%M} UTC"

"""A frozen account tells nobody."""

from engine.admission.standing import Standing
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_frozen(_notification: Notification, _quote: Quote, standing: Standing) -> Reason | None:
    """Frozen: deleted from the configuration, or stopped by an administrator. Its ledger stays."""
    return Reason.ACCOUNT_FROZEN if standing.frozen else None

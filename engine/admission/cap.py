"""No more than so many messages a day, whatever the rules say (S88, S96)."""

from engine.admission.standing import Standing
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_daily_cap(_notification: Notification, _quote: Quote, standing: Standing) -> Reason | None:
    """The day is the account's own, in its zone."""
    return Reason.DAILY_CAP if standing.told_today >= standing.daily_cap else None

"""No more than so many messages a day, whatever the rules say (S88, S96)."""

from engine.admission.later import Answer
from engine.admission.standing import Standing
from engine.admission.storm import sum_up
from engine.digest import DigestKey
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_daily_cap(told: Notification, _quote: Quote, standing: Standing) -> Answer:
    """The day is the account's own, in its zone. A cap of nothing tells nothing, not even how much it was."""
    if standing.told_today < standing.daily_cap:
        return None
    if standing.daily_cap == 0:
        return Reason.DAILY_CAP
    return sum_up(Reason.DAILY_CAP, DigestKey("", "", "", told.recipient), standing)

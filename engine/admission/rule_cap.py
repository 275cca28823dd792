"""No more than so many messages of one rule a day."""

from engine.admission.later import Answer
from engine.admission.standing import Standing
from engine.admission.storm import sum_up
from engine.digest import DigestKey
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_rule_cap(told: Notification, _quote: Quote, standing: Standing) -> Answer:
    """Over all its actions and recipients; each of these hears once of what they missed."""
    cap = told.limits.daily
    if cap is None or standing.by_rule.get((told.scope, told.rule), 0) < cap:
        return None
    if cap == 0:
        return Reason.RULE_CAP
    return sum_up(Reason.RULE_CAP, DigestKey(told.scope, told.rule, "", told.recipient), standing)

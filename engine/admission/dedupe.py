"""The same is told once in a period."""

from engine.admission.later import Answer
from engine.admission.standing import Standing
from engine.admission.told import dedupe_key
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_dedupe(told: Notification, _quote: Quote, standing: Standing) -> Answer:
    """Only what was told counts: after a no for want of credit the same may come again."""
    same, key = told.limits.dedupe, dedupe_key(told)
    if same is None or key is None:
        return None
    before = standing.told.get(key, ())
    return Reason.DUPLICATE if before and standing.now - before[-1] < same.for_ else None

"""No more than so many in any period, wherever it begins."""

from engine.admission.later import Answer, Collect
from engine.admission.standing import Standing
from engine.admission.told import throttle_key
from engine.digest import DigestKey
from engine.notification import Notification
from engine.quote import Quote
from engine.reason import Reason


def check_throttle(told: Notification, _quote: Quote, standing: Standing) -> Answer:
    """An exact sliding window: the last `max` moments are looked at, not a counter that begins anew each hour."""
    limit = told.limits.throttle
    if limit is None:
        return None
    last = standing.told.get(throttle_key(told), ())[-limit.max :]
    if len(last) < limit.max or standing.now - last[0] >= limit.per:
        return None
    if limit.then == "drop":
        return Reason.THROTTLED
    return Collect(Reason.THROTTLED, DigestKey.of(told), last[0] + limit.per)

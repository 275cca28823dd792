"""Some rules tell nothing alone: all is gathered and told together, at times."""

from datetime import datetime, timedelta

from engine.admission.later import Answer, Collect
from engine.admission.standing import Standing
from engine.digest import DigestKey
from engine.notification import Digest, Notification
from engine.quote import Quote
from engine.reason import Reason
from engine.wall import first_at, minutes, on, zone_of

_HOUR = timedelta(hours=1)


def gather(told: Notification, _quote: Quote, standing: Standing) -> Answer:
    """The gate of the rule's `digest`."""
    wish = told.limits.digest
    if wish is None:
        return None
    due = due_at(wish, told.zone or standing.zone, standing.now)
    return Collect(Reason.DIGEST, DigestKey.of(told), due, wish.max_items)


def due_at(wish: Digest, zone: str, now: datetime) -> datetime:
    """When what is gathered from `now` on is told: at the next of its times, else when its period is over."""
    if not wish.at:
        return now + (wish.every or _HOUR)
    where = zone_of(zone)
    today = now.astimezone(where).date()
    # A week and a day: today's times may all be over. One more, for a zone that left a day out.
    days = (today + timedelta(days=ahead) for ahead in range(9))
    times = (first_at(on(day, minutes(at)), where) for day in days if _wanted(wish, day.weekday()) for at in wish.at)
    return min(at for at in times if at > now)


def _wanted(wish: Digest, weekday: int) -> bool:
    return not wish.days or weekday in wish.days

"""Nobody is disturbed in their quiet hours, by the clock where they are."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.admission.later import Answer, Hold
from engine.admission.standing import Standing
from engine.notification import Channel, Notification
from engine.quiet import QuietHours
from engine.quote import Quote
from engine.reason import Reason
from engine.wall import first_at, last_at, minutes, on, zone_of

_DAY = 24 * 60


def check_quiet_hours(told: Notification, quote: Quote, standing: Standing) -> Answer:
    """Hold it until they end, drop it, or let it go by e-mail, as the rule says."""
    quiet = told.limits.quiet_hours
    if quiet is None or (quiet.then == "email" and quote.channel is Channel.EMAIL):
        return None
    until = wake_at(quiet, told.zone or standing.zone, standing.now)
    if until is None:
        return None
    return Reason.QUIET_HOURS if quiet.then == "drop" else Hold(Reason.QUIET_HOURS, until)


def wait_until(told: Notification, zone: str, now: datetime) -> datetime | None:
    """When a digest that is due may be told: it waits for the end of the quiet hours, whatever a single message does.

    None: at once.
    """
    quiet = told.limits.quiet_hours
    if quiet is None or (quiet.then == "email" and told.channel is Channel.EMAIL):
        return None
    return wake_at(quiet, told.zone or zone, now)


def goes_by_mail(told: Notification, zone: str, now: datetime) -> bool:
    """Whether the road of the quiet hours is to be taken, where there is one; `zone` is the account's."""
    quiet = told.limits.quiet_hours
    return quiet is not None and quiet.then == "email" and wake_at(quiet, told.zone or zone, now) is not None


def wake_at(quiet: QuietHours, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours around `now` end; None when it is none.

    They begin when a clock first shows `start` and end when it last shows `end`, so that a clock that is put back
    does not wake anybody in between. Where a clock is put forward over one of them, the moment after counts.
    """
    where, until = zone_of(zone), None
    while (later := _end(quiet, where, until or now)) is not None:
        until = later  # on a day without a midnight one night follows on another
    return until


def _end(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> datetime | None:
    start, end = minutes(quiet.start), minutes(quiet.end)
    if (end - start) % _DAY == 0:
        return None  # hours that never end would hold for ever
    today = now.astimezone(zone).date()
    for day in (today + timedelta(days=each) for each in (-1, 0, 1)):
        ends = last_at(on(day, end if end > start else end + _DAY), zone)
        if first_at(on(day, start), zone) <= now < ends:
            return ends
    return None

"""By which road a notification goes, and what that costs: decided once, before admission."""

from collections.abc import Collection

from engine.channels.tariff import Tariff
from engine.money import Money
from engine.notification import Channel, Notification
from engine.phone import is_mobile
from engine.quote import Quote
from engine.reason import Reason
from engine.segments import count


def choose(notification: Notification, tariff: Tariff, providers: Collection[str]) -> Quote | Reason:
    """Route, parts and price of `notification`, or why there is none: NOT_MOBILE, NO_ROUTE or TOO_LONG.

    `providers` are the names of those that are configured. A line whose provider is not among them is no route:
    falling back to a shorter prefix would quietly send at another price.
    """
    if notification.channel is not Channel.SMS:
        return Reason.NO_ROUTE
    if not is_mobile(notification.address):
        return Reason.NOT_MOBILE
    line = tariff.find(notification.address)
    if line is None or line.provider not in providers:
        return Reason.NO_ROUTE
    parts = count(notification.text).parts
    if parts > notification.max_parts:
        return Reason.TOO_LONG
    return Quote(
        channel=notification.channel,
        provider=line.provider,
        parts=parts,
        price=Money(minor=parts * line.price.minor, currency=line.price.currency),
        tariff=line.prefix,
    )

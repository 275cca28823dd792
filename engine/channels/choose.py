"""By which road a notification goes, and what that costs: decided once, before admission."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from engine.channels.pages import count_pages
from engine.channels.share import share_out
from engine.channels.tariff import Tariff
from engine.money import Money
from engine.notification import Channel, Notification, Road
from engine.phone import is_mobile
from engine.quote import Closed, Quote
from engine.reason import Reason
from engine.segments import count

#: What each configured provider carries.
Carriers = Mapping[str, Collection[Channel]]
#: What only a mobile phone can show.
_TO_PHONES = (Channel.SMS, Channel.MMS, Channel.RCS)

#: How each provider fares, from 0 (leave it alone) to 1; those not named are well.
Healths = Mapping[str, float]


def choose(
    told: Notification,
    tariff: Tariff,
    carriers: Carriers,
    first: Channel | None = None,
    health: Healths = MappingProxyType({}),
) -> Quote | Reason:
    """Route, parts and price by the first of its roads that can be taken; roads of the channel `first` come first.
    Beside it stand its other roads.

    When none can, why the notification's own cannot: NOT_MOBILE, NO_ROUTE or TOO_LONG. A line whose provider is not
    configured, or does not carry the channel, is no route: falling back to a shorter prefix would quietly send at
    another price.
    """
    answers = [
        (road.channel, _quote(told, road, number > 0, tariff, carriers, health))
        for number, road in enumerate(told.roads)
    ]
    found = [each for _, each in answers if isinstance(each, Quote)]
    if not found:
        _, first_no = answers[0]
        return first_no
    taken = next((each for each in found if each.channel is first), found[0])
    beside = tuple(
        each if isinstance(each, Quote) else Closed(channel=channel, reason=each)
        for channel, each in answers
        if each is not taken
    )
    return taken.model_copy(update={"beside": beside}) if beside else taken


def _quote(
    told: Notification, road: Road, further: bool, tariff: Tariff, carriers: Carriers, health: Healths
) -> Quote | Reason:
    if road.channel in _TO_PHONES and not is_mobile(road.address):
        return Reason.NOT_MOBILE
    line = tariff.find(road.address, road.channel)
    able = (
        {name: share for name, share in line.shares.items() if road.channel in carriers.get(name, ())} if line else {}
    )
    if line is None or not able:
        return Reason.NO_ROUTE
    parts = _parts(road, told)
    if parts > road.max_parts and road.channel is Channel.SMS:
        return Reason.TOO_LONG
    carrier, *others = share_out(able, health, told.id)
    return Quote(
        channel=road.channel,
        provider=carrier,
        others=tuple(others),
        parts=parts,
        price=Money(minor=parts * line.price.minor, currency=line.price.currency),
        tariff=line.prefix,
        road=road if further else None,
    )


def _parts(road: Road, told: Notification) -> int:
    """Segments of an SMS, pages of a fax with its files; a mail is one, however long."""
    if road.channel is Channel.FAX:
        return count_pages(road.text) + sum(each.pages for each in told.carried_by(Channel.FAX))
    return count(road.text).parts if road.channel is Channel.SMS else 1

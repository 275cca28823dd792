"""What rules can cost at worst: parts, times the price of one, times the messages that a day may have."""

from collections.abc import Callable, Iterable

from engine.account import Account
from engine.money import Money
from engine.notification import Channel
from engine.rules.reach import address, who
from engine.rules.ruleset import ReadyRule

#: The price of one SMS part to a number; None where nothing is sent to it.
Price = Callable[[str], Money | None]


def worst_message(rule: ReadyRule, account: Account, price: Price) -> tuple[int, Money] | None:
    """The parts and the price of the dearest SMS of a rule; None when it sends none that has a price."""
    found: list[tuple[int, Money]] = []
    for action in rule.actions:
        if Channel.SMS not in action.channels:
            continue
        for recipient in action.recipients:
            one = price(address(who(recipient, account), Channel.SMS))
            if one is not None:
                whole = Money(minor=one.minor * action.max_parts, currency=one.currency)
                found.append((action.max_parts, whole))
    return max(found, key=lambda each: each[1].minor, default=None)


def worst_day(rules: Iterable[ReadyRule], account: Account, price: Price) -> Money | None:
    """What a day costs when every message that the account's daily cap allows is the dearest one."""
    dearest = [found for rule in rules if (found := worst_message(rule, account, price)) is not None]
    if not dearest:
        return None
    _, whole = max(dearest, key=lambda each: each[1].minor)
    return Money(minor=whole.minor * account.plan.daily_cap, currency=whole.currency)

"""What the commands that only try things share: the company as the files have it, and how messages are shown."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from engine import settings
from engine.admission.later import Hold
from engine.channels.choose import choose
from engine.channels.tariff import Tariff
from engine.errors import ConfigurationError
from engine.money import Money
from engine.notification import Channel, Limits, Notification, Road
from engine.phone import mask
from engine.quote import Quote
from engine.reason import Reason
from engine.rehearsal.rehearse import Company, Prospect
from engine.rules.texts.clean import clean
from engine.rules.zone import find_zone
from engine.settings import AccountSettings, Settings


def company_of(wanted: Settings) -> Company:
    """What decisions depend on."""
    accounts = {each.account.id: each.account for each in wanted.accounts}
    return Company(accounts, wanted.ruleset, Tariff.of(wanted.tariff), wanted.carriers)


def require(config: Path) -> Settings:
    """The settings. Raises ConfigurationError with the whole report."""
    return settings.require(config)


def choose_account(wanted: Settings, name: str | None) -> AccountSettings:
    """The account of this name, or the only one. Raises ConfigurationError."""
    known = ", ".join(each.account.id for each in wanted.accounts) or "none"
    if name is None and len(wanted.accounts) == 1:
        return wanted.accounts[0]
    if name is None:
        raise ConfigurationError("whose mail is it?", place=str(wanted.folder), remedy=f"--account, one of: {known}")
    found = wanted.account(name)
    if found is None:
        raise ConfigurationError(f"there is no account '{name}'", place=str(wanted.folder), remedy=f"one of: {known}")
    return found


def trusted_by(account: AccountSettings) -> tuple[str, ...]:
    """Whose Authentication-Results the account's mailboxes trust."""
    return tuple(dict.fromkeys(name for mailbox in account.mailboxes for name in mailbox.trust))


def message_lines(prospect: Prospect, company: Company) -> Iterator[str]:
    """One message that would be made: to whom, by which road, at what price, and what the gates say."""
    told, quote = prospect.notification, prospect.quote
    channel = quote.channel if isinstance(quote, Quote) else told.channel
    address = quote.address_of(told) if isinstance(quote, Quote) else told.address
    text = quote.text_of(told) if isinstance(quote, Quote) else told.text
    yield f'→ {channel} to {told.recipient} ({mask(address)}) by {_author(told)}: "{clean(text)}"'
    if isinstance(quote, Quote):
        unit = {Channel.SMS: "part", Channel.FAX: "page"}.get(quote.channel, "message")
        many = f"{quote.parts} {unit}" + ("" if quote.parts == 1 else "s")
        yield f"    {many} through {quote.provider}, {quote.price}, lane {told.lane.value}"
    yield from _other_roads(told, quote, company)
    yield f"    {prospect.reason}: {prospect.reason.sentence}{_until(prospect, company)}"
    for line in limit_lines(told.limits):
        yield f"    limit: {line}"


def _author(told: Notification) -> str:
    """The rule, and which of its messages it is."""
    return f"{told.scope}/{told.rule}/{told.action}"


def _other_roads(told: Notification, quote: Quote | Reason, company: Company) -> Iterator[str]:
    """The roads that are not taken: which could be, and why the others cannot."""
    own = Road(channel=told.channel, address=told.address, text=told.text, max_parts=told.max_parts)
    taken = own if isinstance(quote, Reason) else quote.road or own
    for road in (own, *told.otherwise):
        if road == taken:
            continue
        alone = told.model_copy(update={**road.model_dump(), "otherwise": ()})
        answer = choose(alone, company.tariff, company.carriers)
        where = f"{road.channel} ({mask(road.address)})"
        yield f"    not by {where}: {answer.sentence}" if isinstance(answer, Reason) else f"    otherwise: {where}"


def limit_lines(limits: Limits) -> Iterator[str]:
    """What a message's limits are, in words."""
    if limits.dedupe is not None:
        yield f"the same is told once in {show_length(limits.dedupe.for_)}"
    if limits.throttle is not None:
        many = limits.throttle
        then = "the rest in a digest" if many.then == "digest" else "the rest is dropped"
        yield f"at most {many.max} in {show_length(many.per)}, {then}"
    if limits.quiet_hours is not None:
        quiet = limits.quiet_hours
        yield f"quiet hours from {quiet.start} to {quiet.end}: {quiet.then}"
    if limits.digest is not None:
        wish = limits.digest
        when = f"at {', '.join(wish.at)}" if wish.at else f"every {show_length(wish.every or timedelta(hours=1))}"
        yield f"gathered and told together {when}"
    if limits.daily is not None:
        yield f"at most {limits.daily} a day by this rule, then one digest of the rest"


def show_length(length: timedelta) -> str:
    """A length of time as people write it: ``90 s``, ``2 h``, ``7 days``."""
    seconds = int(length.total_seconds())
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            many = seconds // size
            return f"{many} {unit}{'s' if unit == 'day' and many != 1 else ''}"
    return f"{seconds} s"


def show_cost(minor: int, company: Company) -> str:
    """An amount in the tariff's currency."""
    return str(Money(minor=minor, currency=company.tariff.currency))


def _until(prospect: Prospect, company: Company) -> str:
    later = prospect.verdict.later
    if later is None:
        return ""
    told = prospect.notification
    at = later.wake_at if isinstance(later, Hold) else later.due_at
    zone = find_zone(told.zone or company.accounts[told.account].zone)
    return f" Told at {at.astimezone(zone):%Y-%m-%d %H:%M}."

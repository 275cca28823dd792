"""What a test expects, held against what came of it."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from engine.money import Money
from engine.notification import Channel
from engine.quote import Quote
from engine.reason import Reason
from engine.rehearsal.rehearse import Outcome, Prospect
from engine.rules.testing import Expectation, WrittenText, read_bound

_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


class Miss(NamedTuple):
    """One expectation that was not met: where it stands under `expect`, and what was got instead."""

    key: str
    message: str


def compare(expect: Expectation, outcome: Outcome, currency: str) -> list[Miss]:
    """Every expectation that is not met, in the order of the schema. Prices are in `currency`."""
    return [*_rules(expect, outcome), *_counts(expect, outcome), *_messages(expect, outcome, currency)]


def compare_reminders(expect: Expectation, got: Iterable[datetime], zone: tzinfo) -> list[Miss]:
    """What is expected of an appointment's reminders and is otherwise; `zone` is the account's."""
    if expect.remind is None:
        return []
    wanted = sorted({at.replace(tzinfo=zone).astimezone(UTC) for at in expect.remind})
    found = sorted(set(got))
    return (
        [] if found == wanted else [Miss("remind", f"{_clocks(wanted, zone)} expected, got {_clocks(found, zone)}")]
    )


def _clocks(moments: Sequence[datetime], zone: tzinfo) -> str:
    return ", ".join(f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in moments) or "no reminder"


def _rules(expect: Expectation, outcome: Outcome) -> Iterator[Miss]:
    answers = outcome.decision.answers
    matched = [answer for answer in answers if answer.reason is Reason.MATCHED]
    names = {word for answer in matched for word in (answer.name, answer.rule)}
    got = ", ".join(f"'{answer.name}'" for answer in matched) or "no rule"
    if expect.nothing and any(each.told for each in outcome.prospects):
        yield Miss("", f"nobody was to be told, and {_told(outcome)} by {got}")
    for name in expect.rule:
        if name not in names:
            asked = next((answer for answer in answers if name in (answer.name, answer.rule)), None)
            if asked is None:
                yield Miss("rule", f"no rule '{name}' is asked here; {got} matched")
                continue
            failed = next((each for each in asked.evidence if not each.holds), None)
            why = f'{failed.condition} failed on "{failed.found}"' if failed else asked.reason.sentence
            yield Miss("rule", f"'{name}' did not match ({why}); {got} matched")
    for name in expect.not_rule:
        if name in names:
            yield Miss("not_rule", f"'{name}' matched")


def _counts(expect: Expectation, outcome: Outcome) -> Iterator[Miss]:
    for channel in (Channel.SMS, Channel.EMAIL, Channel.FAX):
        wanted = getattr(expect, channel.value)
        number = sum(each.channel is channel for each in outcome.prospects)
        if wanted is not None and not _within(wanted, Decimal(number)):
            yield Miss(channel.value, f"{wanted} expected, got {number}{_why_none(outcome)}")
    parts = sum(each.parts for each in outcome.prospects)
    if expect.parts is not None and not _within(expect.parts, Decimal(parts)):
        yield Miss("parts", f"{expect.parts} expected, got {parts}{_why_none(outcome)}")


def _messages(expect: Expectation, outcome: Outcome, currency: str) -> Iterator[Miss]:
    told = [each for each in outcome.prospects if each.told]
    texts = [_text(each) for each in told]
    if expect.to is not None and set(expect.to) != {each.notification.recipient for each in told}:
        got = ", ".join(dict.fromkeys(each.notification.recipient for each in told)) or "nobody"
        yield Miss("to", f"{', '.join(expect.to)} expected, got {got}")
    if expect.text is not None and not any(_says(expect.text, text) for text in texts):
        got = " and ".join(f'"{text}"' for text in texts) or "no message"
        yield Miss("text", f"got {got}")
    if expect.cost is not None:
        money = Money(minor=sum(each.cost for each in outcome.prospects), currency=currency)
        named = read_bound(expect.cost)[2]
        if named and named != currency:
            yield Miss("cost", f"prices are in {currency} here, not in {named}")
        elif not _within(expect.cost, Decimal(money.minor).scaleb(-4)):
            yield Miss("cost", f"{expect.cost} expected, got {money}")
    if expect.reason is not None and expect.reason not in (reasons := _reasons(outcome)):
        yield Miss("reason", f"{expect.reason} expected, got {', '.join(reasons)}")


def _reasons(outcome: Outcome) -> list[str]:
    """Of the decision, of the rules that were not asked or did not accept the mail, of messages without a road."""
    found = [outcome.decision.reason]
    found += [answer.reason for answer in outcome.decision.answers if answer.reason not in _PLAIN]
    found += [each.reason for each in outcome.prospects]
    return list(dict.fromkeys(reason.value for reason in found))


_PLAIN = (Reason.MATCHED, Reason.NO_RULE_MATCHED)


def _told(outcome: Outcome) -> str:
    names = dict.fromkeys(each.notification.recipient for each in outcome.prospects if each.told)
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} told"


def _why_none(outcome: Outcome) -> str:
    if outcome.prospects:
        refused = dict.fromkeys(each.reason.sentence for each in outcome.prospects if each.channel is None)
        return f" ({' '.join(refused)})" if refused else ""
    return f" ({outcome.decision.reason.sentence})" if outcome.decision.reason is not Reason.MATCHED else ""


def _text(prospect: Prospect) -> str:
    quote = prospect.quote
    return quote.text_of(prospect.notification) if isinstance(quote, Quote) else prospect.notification.text


def _says(wanted: WrittenText, text: str) -> bool:
    return (wanted.is_ is None or wanted.is_ == text) and all(each in text for each in wanted.contains)


def _within(bound: str, value: Decimal) -> bool:
    sign, amount, _ = read_bound(bound)
    return _COMPARE[sign](value, Decimal(amount))

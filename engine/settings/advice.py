"""The warnings that need everything at once, for `tocsin check`: who is told, by which rules, at what price."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from engine.account import Account
from engine.channels.features import SPEAKING
from engine.channels.tariff import Tariff
from engine.document import Problem, Span
from engine.money import Money
from engine.notification import Channel
from engine.rules.cost import Price, worst_day
from engine.rules.lint import Carried, Silent, lint
from engine.settings.model import Settings


def advise(settings: Settings) -> list[Problem]:
    """What `engine.rules.lint` says of these settings, with the lines that it speaks of."""
    found = lint(settings.ruleset, _accounts(settings), _price(settings), _carried(settings), _silent(settings))
    found += _warn_of_links(settings)
    lines = lru_cache(maxsize=64)(_read)
    return [_with_line(problem, lines) for problem in found]


def _warn_of_links(settings: Settings) -> list[Problem]:
    """Files that nobody outside could fetch."""
    linked = {Channel.SMS, Channel.MMS, Channel.RCS}
    needed = any(
        action.attach != "none" and linked.intersection(action.channels)
        for rules in settings.ruleset.scopes.values()
        for rule in rules
        for action in rule.actions
    )
    if settings.web.public or not needed:
        return []
    message = "a rule sends files by SMS, MMS or RCS, and nobody outside can fetch them: 'web: public' is not set"
    hint = "set web: {public: https://tocsin.example}, an address that leads here; until then the texts go without"
    file = str(settings.folder / "engine.yaml")
    return [Problem(message, file, severity="warning", code="no-public-address", hint=hint)]


def worst_days(settings: Settings) -> dict[str, Money]:
    """For each account with rules that send, what a day can cost at most."""
    price = _price(settings)
    days = {
        each.account.id: worst_day(settings.ruleset.of(each.account.id), each.account, price)
        for each in settings.accounts
    }
    return {name: day for name, day in days.items() if day is not None}


def _accounts(settings: Settings) -> Mapping[str, Account]:
    return {each.account.id: each.account for each in settings.accounts}


def _price(settings: Settings) -> Price:
    tariff = Tariff.of(settings.tariff)

    def price(number: str) -> Money | None:
        line = tariff.find(number)
        return line.price if line else None

    return price


def _carried(settings: Settings) -> Carried:
    tariff = Tariff.of(settings.tariff)

    def carried(address: str, channel: Channel) -> bool:
        line = tariff.find(address, channel)
        return line is not None and any(channel in settings.carriers.get(name, ()) for name in line.shares)

    return carried


def _silent(settings: Settings) -> Silent:
    tariff = Tariff.of(settings.tariff)
    mute = {name for name, how in settings.reporters.items() if how not in SPEAKING}

    def silent(address: str, channel: Channel) -> str:
        line = tariff.find(address, channel)
        return next((name for name in line.shares if name in mute), "") if line else ""

    return silent


def _with_line(problem: Problem, lines: Callable[[str], Sequence[str]]) -> Problem:
    """The problem with its column and the text of its lines: a rule knows the line that it begins on, and no more."""
    span, excerpt = _show(lines(problem.file), problem.span)
    related = []
    for other in problem.related:
        where, text = _show(lines(other.file), other.span)
        related.append(replace(other, span=where, excerpt=text))
    return replace(problem, span=span, excerpt=excerpt, related=tuple(related))


def _show(lines: Sequence[str], span: Span) -> tuple[Span, str | None]:
    if not 0 < span.line <= len(lines):
        return span, None
    text = lines[span.line - 1]
    begin = len(text) - len(text.lstrip(" -")) + 1
    return Span(span.line, begin, span.line, max(len(text.rstrip()) + 1, begin + 1)), text


def _read(file: str) -> Sequence[str]:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # gone since it was read
        return ()

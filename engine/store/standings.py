"""What each account may still do, read once for a batch; and what the batch has changed of it, written once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from engine.admission.standing import Standing
from engine.digest import DigestKey
from engine.notification import Notification
from engine.store import ledger
from engine.store.limits import Counts, count_more, counted
from engine.store.memory import recall
from engine.store.tables import account, consent
from engine.wall import zone_of


def read(
    connection: sa.Connection, purses: Mapping[str, ledger.Purse], asked: Sequence[Notification], now: datetime
) -> dict[str, Standing]:
    """The standing of each account, as far as these notifications want to know it. The caller holds the locks."""
    agreed: dict[str, set[str]] = {name: set() for name in purses}
    stopped: dict[str, dict[str, datetime]] = {name: {} for name in purses}
    where = consent.c.account_id.in_(purses) & consent.c.withdrawn_at.is_(None)
    wanted = sa.select(consent.c.account_id, consent.c.address, consent.c.stopped_at).where(where)
    for name, address, stopped_at in connection.execute(wanted):
        if stopped_at is None:
            agreed[name].add(address)
        else:
            stopped[name][address] = stopped_at
    rows = connection.execute(sa.select(account).where(account.c.id.in_(purses))).all()
    days = {row.id: _day(now, row.zone) for row in rows}
    rules = {(told.account, told.scope, told.rule) for told in asked if told.limits.daily is not None}
    counts = counted(connection, days, (each for each in rules if each[0] in days))
    told = recall(connection, asked, now)
    return {
        row.id: Standing(
            account=row.id,
            currency=purses[row.id].currency,
            frozen=row.frozen,
            consents=frozenset(agreed[row.id]),
            stopped=stopped[row.id],
            daily_cap=row.daily_cap,
            told_today=counts[row.id].told,
            allowance=purses[row.id].allowance,
            balance=purses[row.id].balance,
            zone=row.zone,
            now=now,
            told=told,
            by_rule=counts[row.id].by_rule,
            summed_up=frozenset(counts[row.id].summed_up),
        )
        for row in rows
    }


def write(connection: sa.Connection, before: Mapping[str, Standing], after: Mapping[str, Standing]) -> None:
    """Keep the counts of the day. What was told lately is written with the notifications."""
    more: dict[tuple[str, date], Counts] = {}
    for name, each in after.items():
        told = each.told_today - before[name].told_today
        rules = {
            rule: count - before[name].by_rule.get(rule, 0)
            for rule, count in each.by_rule.items()
            if count != before[name].by_rule.get(rule, 0)
        }
        if told:
            more[name, _day(each.now, each.zone)] = Counts(told, rules)
    count_more(connection, more)


def sum_up(connection: sa.Connection, standing: Standing, key: DigestKey) -> None:
    """The digest of a cap was told today."""
    count_more(connection, {(standing.account, _day(standing.now, standing.zone)): Counts(summed_up={key})})


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(zone_of(zone)).date()

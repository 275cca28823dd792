"""What is planned, told at the hour that its owner chose: one due row for each agenda of each account."""

import logging
from datetime import datetime

from engine import topics
from engine.account import Account, Agenda
from engine.agents.desk import Desk
from engine.event import AgendaDue
from engine.failpoints import failpoint
from engine.rules.agenda import WORTH, next_moment, pick, window
from engine.rules.zone import find_zone, in_zone
from engine.store import due, occasions
from engine.store.due import Due, DueKind

log = logging.getLogger("tocsin.agenda")

#: Stands between the account and the agenda in a due row's key: neither has it in its name.
_OF = "/"


async def plan(desk: Desk) -> str:
    """Make each agenda of the configuration in force due at its next moment; answers that configuration's version.

    One that is due already stays so: it may be in somebody's hands.
    """
    version, now = desk.version, desk.clock()
    moments = {
        f"{account.id}{_OF}{agenda.name}": _next(account, agenda, now)
        for account in desk.accounts.values()
        for agenda in account.agendas
    }
    await desk.store.awrite(lambda connection: due.plan(connection, DueKind.AGENDA, moments, now), touching=())
    return version


async def tell(desk: Desk, each: Due) -> None:
    """Publish what the agenda says now, and make it due again. Between the two a crash publishes the same event."""
    name, _, which = each.key.partition(_OF)
    account = desk.accounts.get(name)
    agenda = next((one for one in account.agendas if one.name == which), None) if account else None
    if account is None or agenda is None:
        await desk.store.awrite(lambda connection: due.cancel(connection, DueKind.AGENDA, each.key))
        return
    now = desk.clock()
    if now - each.at < WORTH:
        await desk.publish(topics.EVENTS, [await _compose(desk, account, agenda, each.at)])
        failpoint("agenda_published")
    else:
        log.warning("the agenda %s of %s was due at %s: too late to tell", which, name, each.at)
    following = _next(account, agenda, max(now, each.at))
    await desk.store.awrite(lambda connection: due.schedule(connection, DueKind.AGENDA, each.key, following))


async def _compose(desk: Desk, account: Account, agenda: Agenda, at: datetime) -> AgendaDue:
    zone = find_zone(account.zone)
    day = in_zone(at, zone).date()
    begin, end = window(agenda, day, zone)
    found = await desk.store.aread(lambda connection: occasions.between(connection, account.id, begin, end))
    items = pick(found, agenda, day, zone)
    return AgendaDue(
        account=account.id, name=agenda.name, day=day.isoformat(), span=agenda.span, items=items, due_at=at
    )


def _next(account: Account, agenda: Agenda, after: datetime) -> datetime:
    return next_moment(agenda, find_zone(account.zone), after)[1]

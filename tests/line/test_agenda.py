"""The agenda through the whole line: due, composed, decided, admitted, paid, on the phone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.account import Agenda
from engine.agents.match import match
from engine.agents.route import route
from engine.agents.wake import wake
from engine.occasion import Occasion
from engine.store import accounts, occasions
from engine.store.tables import due
from engine.topics import EVENTS
from tests.builders import NOW, an_account
from tests.line.test_limits import WholeLine

#: NOW is Saturday 21 November 2026, 11:04 in Brussels.
SUNDAY = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


@pytest.fixture
def line(tmp_path: Path) -> WholeLine:
    """Anna, who is told her day at 07:30, in Dutch."""
    line = WholeLine(tmp_path)
    anna = an_account(parts=100, language="nl", agendas=(Agenda(name="morning", at="07:30", empty="tell"),))
    line.store.write(lambda connection: accounts.upsert(connection, [anna], "v", NOW))
    line.desk = replace(line.desk, accounts={"anna": anna}, version="v")
    line.rules("dedupe: off")
    return line


async def _morning(line: WholeLine) -> list[str]:
    """Planned on Saturday, told on Sunday: what the phone was given."""
    planned = sa.select(sa.func.count()).select_from(due).where(due.c.kind == "agenda")
    await line.run(wake, lambda: bool(line.store.read(lambda connection: connection.execute(planned).scalar_one())))
    line.now = SUNDAY + timedelta(seconds=1)
    before = len(line.noticed())
    await line.run(wake, lambda: any(name == EVENTS.name for name, _ in line.published))
    events = [noun for name, noun in line.published if name == EVENTS.name]
    for _ in range(2):  # delivered twice, as a stream may
        await match(line.desk, events)
    await route(line.desk, line.noticed()[before:])
    return await line.sent()


async def test_the_day_is_on_the_phone_once(line: WholeLine) -> None:
    start = SUNDAY + timedelta(hours=2)
    dentist = Occasion(
        feed="home", uid="u", starts_at=start, ends_at=start, title="Tandarts", location="Kerkstraat 5"
    )
    line.store.write(lambda connection: occasions.put_all(connection, "anna", [dentist]))
    assert await _morning(line) == ["zo 22 nov: 09:30 Tandarts, Kerkstraat 5"]


async def test_an_empty_day_is_told_in_one_line_where_that_is_wanted(line: WholeLine) -> None:
    assert await _morning(line) == ["zo 22 nov: niets gepland"]

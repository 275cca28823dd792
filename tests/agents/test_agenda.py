"""The agenda in time: planned with the configuration, told at its moment, and made due again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.account import Agenda
from engine.agents import agenda
from engine.errors import StreamError
from engine.event import AgendaDue
from engine.occasion import Occasion
from engine.store import due, occasions
from engine.store.due import Due, DueKind
from engine.topics import EVENTS
from tests.agents.test_hops import Bench, Scripted
from tests.builders import NOW, an_account

#: NOW is Saturday 21 November 2026, 11:04 in Brussels.
SUNDAY = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
MORNING = Agenda(name="morning", at="07:30")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Anna, with one agenda and one appointment of tomorrow."""
    bench = Bench(tmp_path, Scripted([]))
    _configure(bench, MORNING)
    dentist = Occasion(
        feed="work",
        uid="u1",
        starts_at=SUNDAY + timedelta(hours=2),
        ends_at=SUNDAY + timedelta(hours=3),
        title="Dentist",
    )
    bench.store.write(lambda connection: occasions.put_all(connection, "anna", [dentist]))
    return bench


def _configure(bench: Bench, *agendas: Agenda) -> None:
    bench.desk.accounts = {"anna": an_account(agendas=agendas)}


def _due(bench: Bench) -> list[tuple[str, datetime]]:
    """What is due in the next days."""
    found = bench.store.write(lambda connection: due.take(connection, NOW + timedelta(days=30)))
    bench.store.write(
        lambda connection: due.schedule_all(connection, DueKind.AGENDA, [(each.key, each.at) for each in found])
    )
    return [(each.key, each.at) for each in found]


async def test_each_agenda_is_due_at_its_next_moment(bench: Bench) -> None:
    await agenda.plan(bench.desk)
    assert _due(bench) == [("anna/morning", SUNDAY)]


async def test_a_changed_hour_moves_it_and_one_that_is_gone_is_not_due(bench: Bench) -> None:
    await agenda.plan(bench.desk)
    _configure(bench, Agenda(name="morning", at="08:00"))
    await agenda.plan(bench.desk)
    assert _due(bench) == [("anna/morning", SUNDAY + timedelta(minutes=30))]
    _configure(bench)
    await agenda.plan(bench.desk)
    assert _due(bench) == []


async def test_one_that_is_due_already_is_not_planned_away(bench: Bench) -> None:
    await agenda.plan(bench.desk)
    bench.now = SUNDAY + timedelta(minutes=5)
    await agenda.plan(bench.desk)
    assert _due(bench) == [("anna/morning", SUNDAY)]


async def test_it_tells_of_its_day_and_is_due_again_tomorrow(bench: Bench) -> None:
    bench.now = SUNDAY + timedelta(seconds=1)
    await agenda.tell(bench.desk, Due(DueKind.AGENDA, "anna/morning", SUNDAY))
    [(topic, event)] = bench.published
    assert topic == EVENTS.name
    assert isinstance(event, AgendaDue)
    assert (event.day, [item.title for item in event.items], event.due_at) == ("2026-11-22", ["Dentist"], SUNDAY)
    assert _due(bench) == [("anna/morning", SUNDAY + timedelta(days=1))]


async def test_told_twice_it_is_the_same_event(bench: Bench) -> None:
    bench.now = SUNDAY + timedelta(seconds=1)
    for _ in range(2):
        await agenda.tell(bench.desk, Due(DueKind.AGENDA, "anna/morning", SUNDAY))
    assert len({event.id for _, event in bench.published}) == 1


async def test_what_was_due_long_ago_is_not_told(bench: Bench) -> None:
    bench.now = SUNDAY + timedelta(hours=13)
    await agenda.tell(bench.desk, Due(DueKind.AGENDA, "anna/morning", SUNDAY))
    assert bench.published == []
    assert _due(bench) == [("anna/morning", SUNDAY + timedelta(days=1))]


async def test_one_of_nobody_is_no_longer_due(bench: Bench) -> None:
    await agenda.plan(bench.desk)
    _configure(bench)
    await agenda.tell(bench.desk, Due(DueKind.AGENDA, "anna/morning", SUNDAY))
    assert (bench.published, _due(bench)) == ([], [])


async def test_while_the_stream_is_down_it_stays_due(bench: Bench) -> None:
    await agenda.plan(bench.desk)
    bench.now, bench.broken = SUNDAY, True
    with pytest.raises(StreamError):
        await agenda.tell(bench.desk, Due(DueKind.AGENDA, "anna/morning", SUNDAY))
    assert _due(bench) == [("anna/morning", SUNDAY)]

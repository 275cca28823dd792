"""Reminders in hand: read before their moment, told at it, as the world is by then."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from engine.agents import fire
from engine.agents.fire import AHEAD, Firing
from engine.event import OccasionDue
from engine.store import reminders, revision
from engine.store.database import Database
from engine.store.tables import reminder
from tests.store.office import HOUR, Appointment, Office, rules
from tests.store.test_reminders import SILENT, START

DUE = START - 2 * HOUR
SECOND = timedelta(seconds=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The dentist at 15:00, who is in hand, a second before he is due."""
    store = Database(f"sqlite:///{tmp_path}/store.db")
    revision.ensure(store)
    made = Office(store, SILENT)
    made.look()
    made.calendar["1"] = Appointment(START, "Dentist")
    made.look()
    made.now = DUE - SECOND
    assert made.fire() == 0
    assert len(made.firing.held) == 1
    yield made
    store.close()


def _states(office: Office) -> list[str]:
    return list(office.store.read(lambda c: c.execute(sa.select(reminder.c.state)).scalars()))


def test_what_is_in_hand_is_told_at_its_moment_and_marked(office: Office) -> None:
    office.now = DUE
    assert office.run() == ["Dentist 15:00"]
    assert _states(office) == ["fired"]


def test_at_the_moment_the_store_is_not_read_any_more(office: Office) -> None:
    office.now = DUE
    with patch.object(reminders, "_alive", lambda connection, found: {}):
        assert office.fire() == 1


@pytest.mark.parametrize(
    ("title", "hours", "sent"),
    [("Dentist", 1, ["Dentist 16:00"]), ("Surgeon", 0, ["Surgeon 15:00"]), ("", 0, [])],
    ids=["moved", "renamed", "deleted"],
)
def test_what_changes_while_it_is_in_hand_is_told_as_it_is_then(
    office: Office, title: str, hours: int, sent: list[str]
) -> None:
    office.calendar = {"1": Appointment(START + hours * HOUR, title)} if title else {}
    office.look()
    for office.now in (DUE, DUE + HOUR):
        office.run()
    assert office.sent == sent


def test_what_is_in_hand_when_its_rule_goes_is_not_told(office: Office) -> None:
    office.desk.ruleset = rules("version: 1\nrules: []\n", office.account.id, "w")
    office.now = DUE
    assert office.fire() == 0
    assert _states(office) == ["withdrawn"]


def test_what_is_in_hand_when_the_clock_jumps_says_that_it_is_late(office: Office) -> None:
    office.now = DUE + HOUR
    assert office.fire() == 1
    assert [each.late for each in office.stream if isinstance(each, OccasionDue)] == [True]


def test_what_is_in_hand_of_one_that_dies_is_due_again(office: Office) -> None:
    office.firing = Firing(office.desk)
    office.now = DUE
    assert office.fire() == 0
    office.now = DUE + reminders.LEASE + SECOND
    assert office.run() == ["Dentist 15:00"]


async def test_what_is_in_hand_of_one_that_leaves_is_anybodys(office: Office) -> None:
    await office.firing.leave()
    later = DUE - SECOND / 2
    [found] = office.store.write(lambda c: reminders.claim(c, later, later + AHEAD))
    assert not found.again


async def test_what_a_dead_one_may_have_told_is_put_back_as_such(office: Office) -> None:
    later = DUE + reminders.LEASE + SECOND
    found = office.store.write(lambda c: reminders.claim(c, later, later))
    office.store.write(lambda c: reminders.put_back(c, found))
    assert [each.again for each in office.store.write(lambda c: reminders.claim(c, later, later))] == [True]


def test_no_more_are_in_hand_than_there_is_room_for(office: Office) -> None:
    office.calendar |= {f"{number}": Appointment(START + SECOND, f"{number}") for number in range(2, 9)}
    office.look()
    with patch.object(fire, "HELD", 3):
        assert office.fire() == 0
        assert len(office.firing.held) == 3
        assert office.firing.next_at(DUE) == DUE, "the first in hand: there is no room to read on"
    assert office.firing.next_at(DUE) == DUE - AHEAD


def test_what_was_armed_anew_while_it_was_in_hand_is_not_put_back(office: Office) -> None:
    office.calendar["1"].title = "Surgeon"
    office.look()
    [anew] = office.store.write(lambda c: reminders.claim(c, office.now, office.now + AHEAD))  # by somebody else
    asyncio.run(office.firing.leave())
    leases = office.store.read(lambda c: list(c.execute(sa.select(reminder.c.turn, reminder.c.lease))))
    assert [tuple(row) for row in leases] == [(1, anew.reminder.lease)]

"""`tocsin appointments`: what is coming, which reminders, when, and why not."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import settings
from engine.cli import main
from engine.occasion import Alarm, Occasion
from engine.reason import Reason
from engine.reminder import Reminder, State
from engine.store import feeds, occasions, reminders, revision
from engine.store.database import Database
from engine.store.feeds import FeedRow
from tests.builders import write_starter

CALENDARS = """
calendars: [{name: work, file: work.ics}, {name: home, file: home.ics}]
agenda: [{name: morning, at: "07:30"}]
"""
RULES = """version: 1
rules:
  - {name: Dentist, when: {calendar: work, title: dentist}, remind: 2 h, notify: {}}
  - {name: Home, when: {calendar: home}, notify: {}}
"""
START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with two calendars, of which one was read."""
    config = tmp_path / "config"
    write_starter(config)
    (config / "secrets/me.password").write_text("secret")
    with (config / "accounts/me.yaml").open("a") as file:
        file.write(CALENDARS)
    (config / "rules/me/appointments.yaml").write_text(RULES)
    return tmp_path


def _occasion(uid: str, **other: object) -> Occasion:
    values = {
        "feed": "work",
        "uid": uid,
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "title": "Dentist",
    }
    return Occasion(**{**values, **other})  # type: ignore[arg-type]


def _keep(folder: Path, those: list[Occasion], due: list[Reminder]) -> None:
    wanted = settings.require(folder / "config")
    wanted.data.mkdir(exist_ok=True)
    store = Database(wanted.store)
    revision.ensure(store)
    store.write(lambda connection: feeds.save(connection, ("me", "work"), FeedRow(), START - timedelta(days=2)))
    store.write(lambda connection: occasions.put_all(connection, "me", those))
    store.write(lambda connection: reminders.keep(connection, due))
    store.close()


def _run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(main, ["-c", str(folder / "config"), "appointments", *args])


def test_each_appointment_has_its_reminders_and_what_became_of_them(folder: Path) -> None:
    first = Reminder("me", "work", "u1", START, "me/dentist", "2 h", START - timedelta(hours=2))
    passed = Reminder(
        "me",
        "work",
        "u1",
        START,
        "me/dentist",
        "3 days",
        START - timedelta(days=3),
        state=State.PASSED,
        reason=Reason.REMINDER_PASSED,
    )
    _keep(folder, [_occasion("u1", location="Room 2")], [first, passed])
    done = _run(folder)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "me (Europe/Brussels)"
    assert any(line.startswith("  calendar work: as it stood ") for line in lines)
    assert "  calendar home: not read yet; `tocsin doctor` tries it" in lines
    assert any(line.startswith("  agenda morning: told ") and line.endswith(" 07:30") for line in lines)
    assert any(line.endswith("  Dentist, Room 2  (work)") for line in lines)
    assert any(line.endswith("  me/dentist, 2 h: to come") for line in lines)
    assert any(f"passed - {Reason.REMINDER_PASSED.sentence}" in line for line in lines)


@pytest.mark.parametrize(
    ("occasion", "why"),
    [
        (_occasion("u1", title="Lunch"), "me/dentist: title contains \"dentist\": it has 'Lunch'"),
        (_occasion("u1", status="cancelled"), "The appointment was cancelled."),
        (_occasion("u1", feed="home"), "me/home: it reminds as the calendar asks, and the calendar asks for no"),
        (_occasion("u1"), "me/dentist: it reminds of this, and the engine has not planned it yet"),
        (
            _occasion("u1", feed="home", alarms=(Alarm(key="a", at=START),)),
            "me/home: it reminds of this, and the engine has not planned it yet",
        ),
    ],
    ids=["another title", "cancelled", "without alarms", "not planned", "not planned, of an alarm"],
)
def test_an_appointment_without_a_reminder_says_why(folder: Path, occasion: Occasion, why: str) -> None:
    _keep(folder, [occasion], [])
    assert f"      no reminder: {why}" in _run(folder).stdout


def test_what_is_further_ahead_is_left_out(folder: Path) -> None:
    _keep(folder, [_occasion("u1")], [])
    assert "  nothing in the next 1 days" in _run(folder, "--days", "1").stdout


def test_programs_get_the_same(folder: Path) -> None:
    told = Reminder("me", "work", "u1", START, "me/dentist", "2 h", START - timedelta(hours=2), state=State.FIRED)
    _keep(folder, [_occasion("u1")], [told])
    [appointment] = json.loads(_run(folder, "--json").stdout)["me"]["appointments"]
    assert (appointment["uid"], appointment["title"], appointment["why_not"]) == ("u1", "Dentist", [])
    assert [(each["label"], each["state"]) for each in appointment["reminders"]] == [("2 h", "fired")]


def test_an_unknown_account_is_wrong_usage(folder: Path) -> None:
    done = _run(folder, "--account", "bert")
    assert done.exit_code == 2
    assert "known: me" in done.stderr


def test_a_reminder_that_was_not_told_is_explained_by_its_event(folder: Path) -> None:
    gone = Reminder("me", "work", "u1", START, "me/dentist", "2 h", START - timedelta(hours=2))
    gone = replace(gone, event_id=gone.due_id).withdraw(Reason.APPOINTMENT_MOVED)
    _keep(folder, [], [gone])
    told = CliRunner().invoke(main, ["-c", str(folder / "config"), "explain", str(gone.due_id)])
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("reminder by me/dentist, 2 h, due ")
    assert told.stdout.endswith(f"in work: withdrawn - {Reason.APPOINTMENT_MOVED.sentence}\n")
    known = CliRunner().invoke(main, ["-c", str(folder / "config"), "explain", str(gone.due_id), "--json"])
    assert json.loads(known.stdout)["reminder"]["state"] == "withdrawn"

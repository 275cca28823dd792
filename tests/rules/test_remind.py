"""Which reminders an appointment gets, also on the days on which clocks are changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.document import read
from engine.occasion import Occasion
from engine.reminder import Reminder, State
from engine.rules.load import RuleFolder, load
from engine.rules.remind import Terms, plan, revise
from engine.rules.ruleset import Ruleset
from tests.builders import NOW, an_account

HOUR = timedelta(hours=1)
RULES = """\
version: 1
rules:
  - name: Work
    when: {calendar: work}
    remind: [1 day, 24 h, "18:00 the day before"]
    notify: {to: me}
"""


def _rules(text: str = RULES) -> Ruleset:
    found, problems = load([RuleFolder("anna", "rules/anna", [read(text, "r.yaml")])], ["anna"], "v")
    assert not problems
    return found


def _occasion(starts_at: datetime, **other: object) -> Occasion:
    values = {"feed": "work", "uid": "1", "starts_at": starts_at, "ends_at": starts_at + HOUR, "title": "Dentist"}
    return Occasion.model_validate({**values, **other})


#: Noon of the day on which the clock is put forward, then back.
DAYS = [
    ("Europe/Brussels", (2026, 3, 29), (2026, 10, 25), HOUR),
    ("America/New_York", (2026, 3, 8), (2026, 11, 1), HOUR),
    ("Australia/Sydney", (2026, 10, 4), (2026, 4, 5), HOUR),
    ("America/Santiago", (2026, 9, 6), (2026, 4, 5), HOUR),
    ("Australia/Lord_Howe", (2026, 10, 4), (2026, 4, 5), HOUR / 2),
]


@pytest.mark.parametrize(("zone", "forward", "back", "step"), DAYS, ids=[each[0] for each in DAYS])
def test_days_are_by_the_wall_and_hours_exact_when_clocks_change(
    zone: str, forward: tuple[int, int, int], back: tuple[int, int, int], step: timedelta
) -> None:
    account, where = an_account(zone=zone), ZoneInfo(zone)
    # the change may be at midnight, at the end of the day before
    for day, shorter in ((forward, step), (back, -step)):
        noon = datetime(*day, 12, tzinfo=where).astimezone(UTC)
        wanted = {label: each.at for (_, label), each in plan(_occasion(noon), account, _rules()).items()}
        assert wanted["24 h"] == noon - 24 * HOUR
        assert wanted["1 day"] == noon - 24 * HOUR + shorter
        local = wanted["18:00 the day before"].astimezone(where)
        assert (local.hour, local.minute) == (18, 0)
        assert (noon.astimezone(where).date() - local.date()).days == 1


def test_a_cancelled_appointment_has_no_reminders_and_a_tentative_one_has() -> None:
    cancelled, tentative = _occasion(NOW, status="cancelled"), _occasion(NOW, status="tentative")
    assert plan(cancelled, an_account(), _rules()) == {}
    assert len(plan(tentative, an_account(), _rules())) == 3


def test_a_rule_that_stops_keeps_later_ones_from_reminding() -> None:
    quiet = RULES.replace("rules:\n", "rules:\n  - {name: None, when: {title: dentist}, stop: true}\n")
    assert plan(_occasion(NOW), an_account(), _rules(quiet)) == {}
    assert len(plan(_occasion(NOW, title="Surgeon"), an_account(), _rules(quiet))) == 3


def test_the_event_of_a_reminder_has_the_id_that_it_foretold() -> None:
    reminder = Reminder("anna", "work", "1", NOW, "anna/work", "2 h", NOW - 2 * HOUR, turn=2)
    assert reminder.event(_occasion(NOW), late=False).id == reminder.due_id
    assert reminder.key != reminder.due_id
    assert Reminder("anna", "work", "1", NOW, "anna/work", "2 h", NOW).key == reminder.key


def test_two_instances_at_one_moment_remind_once() -> None:
    start = NOW + 72 * HOUR
    two = [_occasion(start), _occasion(start, recurrence_id="20261120T100400Z")]
    found = revise([], two, [], {}, Terms.of(an_account(), _rules(), NOW, fresh=False))
    assert len(found.reminders) == 3
    assert {each.state for each in found.reminders.values()} == {State.PENDING}


def test_an_instance_that_is_moved_far_is_found_by_its_recurrence_id() -> None:
    start, target = NOW + 72 * HOUR, NOW + 1_000 * HOUR
    terms = Terms.of(
        an_account(), _rules(RULES.replace("    notify", "    on_change: notify\n    notify")), NOW, fresh=False
    )
    planned = revise([], [_occasion(start)], [], {}, terms).reminders.values()
    told = [each.event(_occasion(start), late=False).id for each in planned]
    fired = [replace(each, state=State.FIRED, event_id=id) for each, id in zip(planned, told, strict=True)]
    moved = _occasion(target, recurrence_id=f"{start:%Y%m%dT%H%M%SZ}")
    found = revise(
        [_occasion(start)], [moved, _occasion(target + 300 * HOUR)], fired, dict.fromkeys(told, True), terms
    )
    [change] = [each for each in found.reminders.values() if each.change]
    assert (change.change, change.was, change.starts_at) == ("moved", start, target)

"""Appointments through the whole line: read, planned, due, told, and changed at each stage of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.agents.calendar import forget
from engine.errors import StreamError
from engine.reason import Reason
from engine.store import attempts, ledger, occasions, reminders, send_queue
from engine.store.database import Database
from engine.store.tables import message, notification, reminder
from tests.builders import BUSY, NOW, an_account, terms
from tests.store.office import DAY, FEED, HOUR, MINUTE, Appointment, Office, rules

RULE = """\
version: 1
defaults: {signature: off, limits: {throttle: off, dedupe: off, daily: off}}
rules:
  - name: Work
    when: {calendar: work}
    remind: [2 h]
    CHANGE
    notify: {to: me, text: "{title} {starts|HH:mm}"}
"""
SILENT = RULE.replace("CHANGE", "late: {after: 5m, then: say so}")
TELLING = RULE.replace("CHANGE", "on_change: notify")
#: 15:00 where Anna is; it is 11:04 there.
START = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


@pytest.fixture
def office(store: Database) -> Office:
    return _open(store, SILENT)


def _open(store: Database, text: str) -> Office:
    made = Office(store, text)
    made.look()  # empty: what comes later is new
    made.calendar["1"] = Appointment(START, "Dentist")
    made.look()
    return made


def _states(office: Office) -> list[tuple[str, str, str]]:
    rows = office.store.read(
        lambda c: c.execute(sa.select(reminder).order_by(reminder.c.starts_at, reminder.c.label)).all()
    )
    return [(row.label, row.state, row.reason) for row in rows]


def _credit(office: Office) -> int:
    return office.store.read(lambda c: ledger.credits(c, "anna"))[0].available


# ---- before its moment, between the moment and the sending, after it

Change = Callable[[Office], None]


def _move(office: Office) -> None:
    office.calendar["1"].start = START + HOUR


def _cancel(office: Office) -> None:
    office.calendar["1"].status = "CANCELLED"


def _delete(office: Office) -> None:
    del office.calendar["1"]


def _rename(office: Office) -> None:
    office.calendar["1"].title = "Surgeon"


EDITS = [
    pytest.param(_move, ["Dentist 16:00"], Reason.APPOINTMENT_MOVED, id="moved"),
    pytest.param(_cancel, [], Reason.APPOINTMENT_CANCELLED, id="cancelled"),
    pytest.param(_delete, [], Reason.APPOINTMENT_GONE, id="deleted"),
    pytest.param(_rename, ["Surgeon 15:00"], Reason.APPOINTMENT_CHANGED, id="renamed"),
]


@pytest.mark.parametrize(("edit", "sent", "_reason"), EDITS)
def test_a_change_before_the_moment_is_what_is_told(
    office: Office, edit: Change, sent: list[str], _reason: Reason
) -> None:
    edit(office)
    office.look()
    for hours in (2, 1, 0):
        office.now = START - hours * HOUR
        office.run()
    assert office.sent == sent


@pytest.mark.parametrize("stage", ["fired", "queued"])
@pytest.mark.parametrize(("edit", "sent", "reason"), EDITS)
def test_a_change_between_the_moment_and_the_sending_withdraws_what_is_on_its_way(
    office: Office, edit: Change, sent: list[str], reason: Reason, stage: str
) -> None:
    office.now = START - 2 * HOUR
    assert office.fire() == 1
    if stage == "queued":
        office.pass_on()
        assert _credit(office) == 999
    edit(office)
    office.look()
    if stage == "queued":
        assert _credit(office) == 1_000, "the credit is given back"
    for hours in (0, 1, 2):
        office.now = START - (2 - hours) * HOUR
        office.run()
    assert office.sent == sent
    refused = office.store.read(
        lambda c: (
            c.execute(sa.select(notification.c.reason).where(notification.c.reason != "admitted")).scalars().all()
        )
    )
    assert refused == [reason]
    assert office.store.read(ledger.differences) == []


@pytest.mark.parametrize(("edit", "sent", "_reason"), EDITS[:3])
def test_a_change_after_the_sending_is_silent_where_nobody_asked_for_it(
    office: Office, edit: Change, sent: list[str], _reason: Reason
) -> None:
    office.now = START - 2 * HOUR
    assert office.run() == ["Dentist 15:00"]
    edit(office)
    office.look()
    for hours in (0, 1, 2):
        office.now = START - (2 - hours) * HOUR
        office.run()
    assert office.sent == ["Dentist 15:00", *sent]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(_move, "Moved: Dentist, from Sat 21 Nov 15:00 to Sat 21 Nov 16:00", id="moved"),
        pytest.param(_cancel, "Cancelled: Dentist, Sat 21 Nov 15:00", id="cancelled"),
        pytest.param(_delete, "Cancelled: Dentist, Sat 21 Nov 15:00", id="deleted"),
    ],
)
def test_whoever_was_told_hears_of_a_change_once(store: Database, edit: Change, said: str) -> None:
    office = _open(store, TELLING)
    office.now = START - 2 * HOUR
    assert office.run() == ["Dentist 15:00"]
    office.now += MINUTE
    edit(office)
    office.look()
    assert office.run() == [said]
    office.look()
    office.now += MINUTE
    assert office.run() == []


def test_whoever_was_not_told_hears_of_no_change(store: Database) -> None:
    office = _open(store, TELLING)
    _move(office)
    office.look()
    assert office.run() == []


def test_a_move_that_is_taken_back_before_it_is_told_is_told_to_nobody(store: Database) -> None:
    office = _open(store, TELLING)
    office.now = START - 2 * HOUR
    office.run()
    _move(office)
    office.look()
    office.fire()
    office.pass_on()
    office.calendar["1"].start = START
    office.look()
    office.now += MINUTE
    assert office.run() == []
    assert _credit(office) == 999


def test_what_was_called_off_and_is_on_again_is_told_as_it_is_now(store: Database) -> None:
    office = _open(store, TELLING)
    office.now = START - 2 * HOUR
    office.run()
    _cancel(office)
    office.look()
    office.run()
    office.calendar["1"].status = "CONFIRMED"
    office.now += MINUTE
    office.look()
    assert office.run() == ["Dentist 15:00"]
    assert len(office.sent) == 3


@pytest.mark.parametrize("stage", ["pending", "fired", "queued"])
@pytest.mark.parametrize("edit", [_move, _cancel, _delete])
def test_what_is_taken_back_before_it_is_sent_is_armed_again_once(office: Office, edit: Change, stage: str) -> None:
    if stage != "pending":
        office.now = START - 2 * HOUR
        office.fire()
    if stage == "queued":
        office.pass_on()
    for _ in range(3):
        edit(office)
        office.look()
        office.calendar["1"] = Appointment(START, "Dentist")
        office.look()
    office.now = START - 2 * HOUR + MINUTE
    assert office.run() == ["Dentist 15:00"]
    office.now += 30 * MINUTE
    assert office.run() == []


def test_what_was_told_is_not_told_again_when_it_is_taken_back(office: Office) -> None:
    office.now = START - 2 * HOUR
    office.run()
    for edit in (_move, _cancel, _delete):
        edit(office)
        office.look()
        office.calendar["1"] = Appointment(START, "Dentist")
        office.look()
        assert office.run() == []
    assert _states(office)[0] == ("2 h", "fired", "")


def test_a_message_in_the_air_is_not_tried_again_for_an_appointment_that_is_gone(office: Office) -> None:
    office.now = START - 2 * HOUR
    office.fire()
    office.pass_on()
    [claimed] = office.store.write(lambda c: send_queue.claim(c, terms(), 1, lambda: office.now)).claims
    _delete(office)
    office.look()
    later = office.now + MINUTE
    office.store.write(lambda c: attempts.answer(c, claimed, BUSY, terms()["phone"], later, MINUTE))
    assert office.store.read(lambda c: c.execute(sa.select(message.c.fate)).scalars().all()) == ["expired"]
    assert _credit(office) == 1_000


def test_what_is_held_for_the_night_is_withdrawn(store: Database) -> None:
    night = TELLING.replace("daily: off}}", 'daily: off, quiet_hours: {between: "12:00-16:00"}}}')
    office = _open(store, night)
    office.now = START - 2 * HOUR
    assert office.run() == []
    _cancel(office)
    office.look()
    rows = store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM held")).scalar_one())
    dues = store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM due WHERE kind = 'hold'")).scalar_one())
    assert (rows, dues) == (0, 0)
    facts = store.read(lambda c: c.execute(sa.text("SELECT fate, reason FROM receipt ORDER BY seq")).all())
    assert [tuple(each) for each in facts] == [("held", "quiet_hours"), ("withdrawn", "appointment_cancelled")]


def test_what_lies_in_a_digest_is_taken_out_of_it(store: Database) -> None:
    office = _open(store, SILENT.replace("daily: off}}", "daily: off, digest: {every: 3h}}}"))
    office.calendar["2"] = Appointment(START, "Surgeon")
    office.look()
    office.now = START - 2 * HOUR
    office.run()
    _cancel(office)
    office.look()
    titles = store.read(lambda c: c.execute(sa.text("SELECT title FROM digest_item")).scalars().all())
    assert titles == ["Surgeon"]
    del office.calendar["2"]
    office.look()
    assert store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM digest")).scalar_one()) == 0


# ---- what is past, what is late


def test_the_first_look_at_a_calendar_tells_nothing_of_what_is_past(store: Database) -> None:
    office = Office(store, SILENT)
    office.calendar["past"] = Appointment(NOW + HOUR, "Past")
    office.calendar["to come"] = Appointment(NOW + 3 * HOUR, "To come")
    office.look()
    assert office.run() == []
    assert _states(office) == [("2 h", "passed", "reminder_passed"), ("2 h", "pending", "")]


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        pytest.param(2 * HOUR - 5 * MINUTE, True, id="five minutes ago"),
        pytest.param(2 * HOUR - 6 * MINUTE, False, id="longer ago"),
    ],
)
def test_a_new_appointment_within_its_lead_is_told_when_it_is_hardly_late(
    office: Office, ahead: timedelta, told: bool
) -> None:
    office.calendar["2"] = Appointment(NOW + ahead, "New")
    office.look()
    assert office.run() == ([f"New {NOW + ahead + HOUR:%H:%M}"] if told else [])


@pytest.mark.parametrize(
    ("late", "then", "sent"),
    [
        (4 * MINUTE, "drop", ["Dentist 15:00"]),
        (6 * MINUTE, "drop", []),
        (6 * MINUTE, "say so", ["(starts in 1 h 54 min) Dentist 15:00"]),
        (4 * HOUR, "say so", []),
    ],
)
def test_what_could_not_be_told_in_time_goes_by_its_rule(
    store: Database, late: timedelta, then: str, sent: list[str]
) -> None:
    office = _open(store, RULE.replace("CHANGE", f"late: {{after: 5m, then: {then}}}"))
    office.now = START - 2 * HOUR + late
    assert office.run() == sent
    if not sent:
        assert _states(office) == [("2 h", "passed", "reminder_late")]


# ---- rules, zones, horizons


def test_other_rules_plan_anew_and_tell_nothing_of_what_is_past(office: Office) -> None:
    office.desk.ruleset = rules(SILENT.replace("[2 h]", "[1 h, 4 h, 1 day]"), "anna", "v2")
    office.desk.version = "v2"
    office.look()
    assert _states(office) == [
        ("1 day", "passed", "reminder_passed"),
        ("1 h", "pending", ""),
        ("2 h", "withdrawn", "rule_withdrawn"),
        ("4 h", "passed", "reminder_passed"),
    ]
    office.desk.ruleset, office.desk.version = rules(SILENT, "anna", "v3"), "v3"
    office.look()
    assert ("2 h", "pending", "") in _states(office)


def test_a_rule_that_is_gone_when_its_moment_comes_tells_nobody(office: Office) -> None:
    office.desk.ruleset = rules("version: 1\nrules: []", "anna")
    office.now = START - 2 * HOUR
    assert office.run() == []
    assert _states(office) == [("2 h", "withdrawn", "rule_withdrawn")]


def test_a_daily_appointment_is_told_each_day_while_the_horizon_rolls(office: Office) -> None:
    office.calendar["1"] = Appointment(START, "Daily", days=60)
    office.look()
    for day in range(60):
        office.now = START + day * DAY - 2 * HOUR
        if day % 3 == 0:
            office.look()
        assert office.run() == ["Daily 15:00"]


def test_one_instance_that_is_moved_leaves_the_others(office: Office) -> None:
    office.calendar["1"] = Appointment(START, "Daily", days=3)
    office.look()
    office.calendar["1"].instances[START + DAY] = Appointment(START + DAY + HOUR, "Daily")
    office.look()
    for hour in range(0, 75):
        office.now = START - 2 * HOUR + hour * HOUR
        office.run()
    assert office.sent == ["Daily 15:00", "Daily 16:00", "Daily 15:00"]


def test_a_new_title_of_an_instance_is_no_second_reminder(office: Office) -> None:
    office.calendar["1"] = Appointment(START, "Daily", days=3)
    office.look()
    office.now = START - 2 * HOUR
    office.run()
    office.calendar["1"].instances[START] = Appointment(START, "Weekly")
    office.look()
    assert office.run() == []


def test_another_zone_of_the_account_moves_whole_days_in_silence(store: Database) -> None:
    office = _open(store, TELLING.replace("[2 h]", '["09:00 the same day"]'))
    office.calendar = {}
    office.look()
    whole = "BEGIN:VEVENT\nUID:2\nDTSTART;VALUE=DATE:20261122\nSUMMARY:Holiday\nEND:VEVENT\n"
    office.text = lambda: f"BEGIN:VCALENDAR\n{whole}END:VCALENDAR\n"  # type: ignore[method-assign]
    office.look()
    office.now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert len(office.run()) == 1
    office.desk.accounts = {"anna": an_account(parts=1_000, zone="Europe/London")}
    office.look()
    assert office.run() == []


# ---- crashes, others


def test_a_crash_between_publishing_and_marking_repeats_the_same_event(office: Office) -> None:
    office.now = START - 2 * HOUR
    office.fire()
    [first] = office.stream
    office.store.write(lambda c: c.execute(sa.update(reminder).values(state="pending", event_id=None)))
    office.fire()
    assert office.stream[1].id == first.id
    office.pass_on()
    assert office.send() == ["Dentist 15:00"]


def test_a_stream_that_is_broken_loses_no_reminder(office: Office) -> None:
    office.now = START - 2 * HOUR
    office.broken = True
    with pytest.raises(StreamError):
        office.fire()
    office.broken = False
    assert office.fire() == 0, "it is in hand"
    office.now += reminders.LEASE + timedelta(seconds=1)
    assert office.run() == ["Dentist 15:00"]


def test_what_fails_on_its_way_to_the_stream_is_withdrawn_all_the_same(office: Office) -> None:
    office.now = START - 2 * HOUR
    office.broken = True
    with pytest.raises(StreamError):
        office.fire()
    office.broken = False
    _cancel(office)
    office.look()
    office.now += MINUTE
    assert office.run() == []


def test_due_reminders_are_fired_in_batches_in_the_order_of_their_moments(store: Database) -> None:
    office = Office(store, SILENT)
    office.look()
    for number in range(1_100):
        office.calendar[str(number)] = Appointment(START + timedelta(seconds=number % 7), f"{number}")
    office.look()
    office.now = START
    assert office.fire() == 1_100
    assert office.batches == [500, 500, 100]
    moments = [each.happened_at for each in office.stream]
    assert moments == sorted(moments)


def test_a_calendar_that_is_taken_out_of_the_configuration_is_forgotten(office: Office) -> None:
    asyncio.run(forget(office.desk, ("anna", FEED)))
    assert _states(office) == [("2 h", "withdrawn", "appointment_gone")]
    assert office.store.read(lambda c: occasions.between(c, "anna", NOW - DAY, NOW + DAY)) == []


def test_an_endless_uid_is_known_by_what_is_derived_from_it(office: Office) -> None:
    office.calendar["x" * 10_000] = Appointment(START, "Long")
    office.look()
    office.now = START - 2 * HOUR
    assert sorted(office.run()) == ["Dentist 15:00", "Long 15:00"]
    del office.calendar["x" * 10_000]
    office.look()
    assert len(office.store.read(lambda c: occasions.between(c, "anna", NOW, NOW + DAY))) == 1


def test_an_appointment_that_names_very_many_is_told_without_them(office: Office) -> None:
    people = tuple(f"ATTENDEE;CN={'x' * 3000}:mailto:{number}@example.org" for number in range(150))
    office.calendar["2"] = Appointment(START, "All hands", lines=people)
    office.look()
    office.now = START - 2 * HOUR
    assert sorted(office.run()) == ["All hands 15:00", "Dentist 15:00"]

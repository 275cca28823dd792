"""One appointment gives its occurrences, whatever else is wrong with it."""

from datetime import UTC, datetime

import pytest

from engine.occasion import Occasion
from engine.sources.calendar.expand import Expanded, expand
from engine.sources.calendar.split import split
from tests.sources.calendar.traps import SINGLE, TRAPS, Trap

WINDOW = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 4, 30, tzinfo=UTC))


def calendar(*events: str, head: str = "") -> str:
    """A calendar of events that all are of the appointment `one`."""
    body = "".join(f"BEGIN:VEVENT\nUID:one\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n"


def expanded(text: str, zone: str = "Europe/Brussels") -> Expanded:
    (chunk,) = split(text).values()
    return expand(chunk, zone, *WINDOW, feed="work")


def written(one: Occasion) -> str:
    start, end = f"{one.starts_at:%Y%m%dT%H%M}", f"{one.ends_at:%Y%m%dT%H%M}"
    end = end[9:] if end[:8] == start[:8] else end
    mark = {"confirmed": "", "cancelled": "!", "tentative": "?"}[one.status]
    alarms = "".join(f"@{alarm.at:%Y%m%dT%H%M}" for alarm in one.alarms)
    return f"{start}/{end}{'#' + one.recurrence_id if one.recurrence_id else ''}{mark}{alarms}"


@pytest.mark.parametrize("trap", TRAPS, ids=[trap.id for trap in TRAPS])
def test_a_trap_is_not_stepped_into(trap: Trap) -> None:
    found = expanded(calendar(*trap.text.split("\n---\n"), head=trap.head))
    assert " ".join(written(one) for one in found.occasions[:6]) == trap.expected
    troubles = [trouble.what for trouble in found.troubles]
    assert any(trap.trouble in what for what in troubles) if trap.trouble else troubles == []


def test_what_is_said_of_it_is_carried_without_escapes() -> None:
    said = (
        "SUMMARY:Team\\, all\\nof it\nLOCATION;LANGUAGE=en:Room 1\\; left\n"
        "DESCRIPTION:One\\ntwo\nCATEGORIES:a\\,b,c\n"
        'ORGANIZER;CN="Doe: Jane":mailto:Jane@Example.org\nATTENDEE:mailto:joe@example.org\n'
    )
    (one,) = expanded(calendar(said + SINGLE)).occasions
    assert (one.title, one.location, one.description) == ("Team, all of it", "Room 1; left", "One\ntwo")
    assert one.categories == ("a,b", "c")
    assert one.organiser is not None
    assert (one.organiser.name, one.organiser.address) == ("Doe: Jane", "jane@example.org")
    assert [each.address for each in one.attendees] == ["joe@example.org"]
    assert one.feed == "work"


def test_a_description_is_cut() -> None:
    (one,) = expanded(calendar(SINGLE + f"\nDESCRIPTION:{'x' * 5_000}")).occasions
    assert len(one.description) == 2_000


def test_whole_days_lie_in_the_zone_of_the_account() -> None:
    (one,) = expanded(calendar("DTSTART;VALUE=DATE:20261110"), "Asia/Tokyo").occasions
    assert one.all_day
    assert one.starts_at == datetime(2026, 11, 9, 15, tzinfo=UTC)


def test_a_midnight_that_does_not_exist_is_the_first_moment_of_that_day() -> None:
    (one,) = expanded(calendar("DTSTART;VALUE=DATE:20270314"), "America/Havana").occasions
    assert one.starts_at == datetime(2027, 3, 14, 5, tzinfo=UTC)
    assert one.ends_at == datetime(2027, 3, 15, 4, tzinfo=UTC)


def test_a_zone_of_one_calendar_is_not_taken_for_another_of_the_same_name() -> None:
    def ship(offset: str) -> str:
        zone = f"BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD"
        head = f"BEGIN:VTIMEZONE\nTZID:Ship\n{zone}\nEND:VTIMEZONE\n"
        return calendar("DTSTART;TZID=Ship:20261110T120000", head=head)

    hours = [expanded(ship(offset)).occasions[0].starts_at.hour for offset in ("+0100", "+0500")]
    assert hours == [11, 7]


def test_an_alarm_keeps_its_key_while_its_appointment_moves() -> None:
    alarm = "\nBEGIN:VALARM\nUID:a1\nTRIGGER:-PT{}M\nEND:VALARM"
    before = expanded(calendar(SINGLE + alarm.format(15))).occasions[0]
    after = expanded(calendar(SINGLE.replace("T09", "T08") + alarm.format(20))).occasions[0]
    assert before.alarms[0].key == after.alarms[0].key
    assert before.alarms[0].at != after.alarms[0].at


def test_two_alarms_of_one_uid_have_keys_of_their_own() -> None:
    alarm = "\nBEGIN:VALARM\nUID:a1\nTRIGGER:-PT{}M\nEND:VALARM"
    (one,) = expanded(calendar(SINGLE + alarm.format(15) + alarm.format(30))).occasions
    assert len({each.key for each in one.alarms}) == 2


def test_more_than_a_thousand_occurrences_are_cut_and_said() -> None:
    found = expanded(calendar("DTSTART:20261001T000000Z\nRRULE:FREQ=HOURLY"))
    assert len(found.occasions) == 1_000
    assert "the first 1000 count" in found.troubles[0].what

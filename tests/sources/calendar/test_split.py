"""A calendar is cut without being parsed, and what was cut means what the whole meant."""

import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import SourceError
from engine.sources.calendar.expand import expand
from engine.sources.calendar.split import MOST_APPOINTMENTS, decode, merge, split

ZONE = "Europe/Brussels"
WINDOW = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC))
NOISE = ("DTSTAMP:{}\n", "LAST-MODIFIED:{}\n", "CREATED:{}\n")

_FIRST = datetime(2026, 8, 1, tzinfo=UTC)
_times = st.integers(0, 150 * 24 * 60).map(lambda minutes: _FIRST + timedelta(minutes=minutes))
_zones = st.sampled_from(["", "Europe/Brussels", "America/New_York", "Asia/Tokyo", "UTC"])


def _moment(name: str, at: datetime, zone: str) -> str:
    text = f"{at:%Y%m%dT%H%M%S}"
    if zone == "UTC":
        return f"{name}:{text}Z\n"
    return f"{name};TZID={zone}:{text}\n" if zone else f"{name}:{text}\n"


@st.composite
def _events(draw: st.DrawFn) -> list[str]:
    """The VEVENTs of a few appointments, none of which takes any time."""
    events = []
    for number in range(draw(st.integers(1, 5))):
        zone, at = draw(_zones), draw(_times)
        lines = f"UID:{number}\nSUMMARY:s{draw(st.integers(0, 3))}\n" + _moment("DTSTART", at, zone)
        if draw(st.booleans()):
            frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
            lines += f"RRULE:FREQ={frequency};INTERVAL={draw(st.integers(1, 3))};COUNT={draw(st.integers(1, 60))}\n"
            unit = timedelta(days=7 if frequency == "WEEKLY" else 1)
            if draw(st.booleans()):
                lines += _moment("EXDATE", at + draw(st.integers(0, 9)) * unit, zone)
            if draw(st.booleans()):
                changed = _moment("RECURRENCE-ID", at + draw(st.integers(0, 9)) * unit, zone)
                changed += _moment("DTSTART", draw(_times), zone)
                events.append(f"BEGIN:VEVENT\nUID:{number}\n{changed}END:VEVENT\n")
        events.append(f"BEGIN:VEVENT\n{lines}END:VEVENT\n")
    return events


def _calendar(events: list[str]) -> str:
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{''.join(events)}END:VCALENDAR\n"


def _starts(text: str) -> list[tuple[str, datetime]]:
    return sorted(
        (uid, one.starts_at) for uid, chunk in split(text).items() for one in expand(chunk, ZONE, *WINDOW).occasions
    )


@given(_events())
@settings(max_examples=150)
def test_each_cut_out_and_expanded_alone_is_what_the_library_makes_of_the_whole(events: list[str]) -> None:
    from icalendar import Calendar
    from recurring_ical_events import of

    text, zone = _calendar(events), ZoneInfo(ZONE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = of(Calendar.from_ical(text)).between(WINDOW[0].astimezone(zone), WINDOW[1].astimezone(zone))
    whole = set()
    for event in found:
        at = event["DTSTART"].dt
        whole.add((str(event["UID"]), (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)))
    # The library compares by the wall clock; near the window's ends that is another hour.
    inner = (WINDOW[0] + timedelta(hours=2), WINDOW[1] - timedelta(hours=2))
    assert {one for one in _starts(text) if inner[0] <= one[1] < inner[1]} == {
        one for one in whole if inner[0] <= one[1] < inner[1]
    }


@given(_events(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_in_a_file_means_nothing(events: list[str], random: object) -> None:
    before = _starts(_calendar(events)), {uid: chunk.hash for uid, chunk in split(_calendar(events)).items()}
    random.shuffle(events)  # type: ignore[attr-defined]
    assert before == (
        _starts(_calendar(events)),
        {uid: chunk.hash for uid, chunk in split(_calendar(events)).items()},
    )


@given(_events(), st.lists(st.sampled_from(NOISE), max_size=3), st.integers(0, 9))
@settings(max_examples=60)
def test_stamps_change_no_hash(events: list[str], noise: list[str], second: int) -> None:
    stamps = "".join(line.format(f"20261122T10000{second}Z") for line in noise)
    stamped = [event.replace("BEGIN:VEVENT\n", f"BEGIN:VEVENT\n{stamps}") for event in events]
    before, after = split(_calendar(events)), split(_calendar(stamped))
    assert {uid: chunk.hash for uid, chunk in before.items()} == {uid: chunk.hash for uid, chunk in after.items()}


EVENT = "BEGIN:VEVENT\nUID:a\nDTSTART:20261110T090000Z\nSUMMARY:one\n{}END:VEVENT\n"


@pytest.mark.parametrize(
    "line",
    ["LOCATION:there\n", "STATUS:CANCELLED\n", "RRULE:FREQ=DAILY\n", "BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\n"],
)
def test_what_could_be_told_changes_the_hash(line: str) -> None:
    plain, changed = _calendar([EVENT.format("")]), _calendar([EVENT.format(line)])
    assert split(plain)["a"].hash != split(changed)["a"].hash


def test_a_zone_that_changes_changes_those_that_name_it_and_no_others() -> None:
    def text(offset: str) -> str:
        zone = f"BEGIN:VTIMEZONE\nTZID:Ship\nBEGIN:STANDARD\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
        ship = "BEGIN:VEVENT\nUID:b\nDTSTART;TZID=Ship:20261110T090000\nEND:VEVENT\n"
        return _calendar([zone, EVENT.format(""), ship])

    before, after = split(text("+0100")), split(text("+0200"))
    assert before["a"].hash == after["a"].hash
    assert before["b"].hash != after["b"].hash


def test_the_uid_of_an_alarm_is_not_the_appointments() -> None:
    alarm = "BEGIN:VALARM\nUID:alarm\nTRIGGER:-PT5M\nEND:VALARM\n"
    text = _calendar([f"BEGIN:VEVENT\n{alarm}UID:own\nDTSTART:20261110T090000Z\nEND:VEVENT\n"])
    assert list(split(text)) == ["own"]


def test_one_without_a_uid_is_known_by_what_it_says() -> None:
    bare = "BEGIN:VEVENT\nDTSTAMP:{}\nDTSTART:20261110T090000Z\nEND:VEVENT\n"
    first, second = (list(split(_calendar([bare.format(at)]))) for at in ("20260101T000000Z", "20260202T000000Z"))
    assert first == second


def test_lines_that_are_folded_inside_a_character_are_read() -> None:
    body = _calendar([EVENT.format("LOCATION:Café\n")]).replace("\n", "\r\n").encode()
    folded = body.replace("é".encode(), "é".encode()[:1] + b"\r\n " + "é".encode()[1:])
    assert "LOCATION:Café" in split(decode(folded))["a"].events[0]


def test_a_feed_in_an_old_encoding_is_read() -> None:
    assert "Café" in decode("SUMMARY:Café".encode("cp1252"))


def test_several_calendars_in_one_text_are_all_read() -> None:
    other = EVENT.format("").replace("UID:a", "UID:b")
    assert set(split(_calendar([EVENT.format("")]) + _calendar([other]))) == {"a", "b"}


def test_lower_case_components_are_read() -> None:
    assert set(split(_calendar([EVENT.format("")]).replace("BEGIN", "begin").replace("END", "end"))) == {"a"}


def test_objects_of_a_collection_become_one_feed() -> None:
    other = EVENT.format("").replace("UID:a", "UID:b")
    assert set(merge([split(_calendar([EVENT.format("")])), split(_calendar([other]))])) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html>sign in</html>", "no calendar"),
        ("", "no calendar"),
        (_calendar([EVENT.format("")])[:-20], "ends in the middle"),
        (_calendar([EVENT.format("")]).replace("END:VEVENT\n", ""), "ends in the middle"),
        (_calendar([EVENT.format("")] * (MOST_APPOINTMENTS + 1)), "over 20000"),
    ],
    ids=["a page", "nothing", "cut off", "cut in an event", "too many"],
)
def test_half_a_calendar_is_refused_and_not_taken_for_one_that_was_emptied(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        split(text)
    assert caught.value.remedy

"""An answer is written into a calendar object, and every other byte stays as it was."""

import re

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.reason import Reason
from engine.sources.calendar.partstat import RefusedError, Wanted, answer

ANNA = {"anna@example.org"}
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n"
TAIL = "END:VCALENDAR\r\n"
ATTENDEE = "ATTENDEE;CN=Anna;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:anna@example.org"


def event(*lines: str, uid: str = "a", start: str = "20261121T100000Z") -> str:
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", f"UID:{uid}", f"DTSTART:{start}", *lines, "END:VEVENT"))


def write(text: str, partstat: str = "ACCEPTED", recurrence_id: str = "", uid: str = "a") -> str:
    wanted = Wanted(uid, recurrence_id, ANNA, partstat, "Europe/Brussels")
    return answer(text.encode(), wanted).decode()


def refused(text: str, **more: str) -> Reason:
    with pytest.raises(RefusedError) as error:
        write(text, **more)
    return error.value.reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ATTENDEE, "ATTENDEE;CN=Anna;PARTSTAT=ACCEPTED:mailto:anna@example.org"),
        ("ATTENDEE:mailto:anna@example.org", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.org"),
        ("ATTENDEE:MAILTO:Anna@Example.org", "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Anna@Example.org"),
        (
            'attendee;rsvp=true;partstat=declined;cn="Peeters; Anna: x":mailto:anna@example.org',
            'attendee;partstat=ACCEPTED;cn="Peeters; Anna: x":mailto:anna@example.org',
        ),
        (
            "ATTENDEE;RSVP=FALSE;X-NUM=0;PARTSTAT=TENTATIVE:mailto:anna@example.org",
            "ATTENDEE;RSVP=FALSE;X-NUM=0;PARTSTAT=ACCEPTED:mailto:anna@example.org",
        ),
        (
            "ATTENDEE;EMAIL=anna@example.org;PARTSTAT=NEEDS-ACTION:urn:uuid:1",
            "ATTENDEE;EMAIL=anna@example.org;PARTSTAT=ACCEPTED:urn:uuid:1",
        ),
    ],
)
def test_only_the_attendee_s_line_changes(before: str, after: str) -> None:
    other = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bert@example.org"
    alarm = "BEGIN:VALARM\r\nACTION:EMAIL\r\nATTENDEE:mailto:anna@example.org\r\nTRIGGER:-PT5M\r\nEND:VALARM"
    odd = "X-ODD;A=1:kept \\, as\r\n \t it \u2603 is"
    text = HEAD + event(other, before, odd, alarm) + TAIL
    assert write(text) == HEAD + event(other, after, odd, alarm) + TAIL
    assert write(write(text)) == write(text)


def test_what_is_folded_is_unfolded_and_folded_again_within_75_octets() -> None:
    name = "Ån" * 60
    line = f'ATTENDEE;CN="{name}";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:anna@example.org'
    folded = "\r\n ".join(re.findall(r".{1,30}", line))
    written = write(HEAD + event("SUMMARY:x\r\n y", folded) + TAIL)
    assert "SUMMARY:x\r\n y\r\n" in written
    assert max(len(each.encode()) for each in written.split("\r\n")) <= 75
    [attendee] = (icalendar.Calendar.from_ical(written).walk("VEVENT")[0]["ATTENDEE"],)
    assert attendee.params["PARTSTAT"] == "ACCEPTED"
    assert attendee.params["CN"] == name
    assert "RSVP" not in attendee.params


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_ends_of_lines_stay_as_they_are(ending: str) -> None:
    text = (HEAD + event(ATTENDEE) + TAIL).replace("\r\n", ending).removesuffix(ending)
    written = write(text)
    assert written == text.replace("PARTSTAT=NEEDS-ACTION;RSVP=TRUE", "PARTSTAT=ACCEPTED")


def test_bytes_that_are_no_text_stay() -> None:
    body = (HEAD + event(ATTENDEE, "X-RAW:") + TAIL).encode().replace(b"X-RAW:", b"X-RAW:\xff\xfe\xe9")
    body = body.replace(b"CN=Anna", b"CN=\xc5nna")
    written = answer(body, Wanted("a", "", ANNA, "DECLINED", "UTC"))
    assert written == body.replace(b"PARTSTAT=NEEDS-ACTION;RSVP=TRUE", b"PARTSTAT=DECLINED")


SERIES = event("RRULE:FREQ=DAILY", ATTENDEE)
CHANGED = event(ATTENDEE, "RECURRENCE-ID;TZID=Europe/Brussels:20261122T110000", start="20261122T140000Z")


def test_an_instance_that_was_changed_is_answered_alone() -> None:
    written = write(HEAD + SERIES + CHANGED + TAIL, recurrence_id="20261122T100000Z")
    assert written == HEAD + SERIES + CHANGED.replace("NEEDS-ACTION;RSVP=TRUE", "ACCEPTED") + TAIL


@pytest.mark.parametrize("which", ["", "20261123T100000Z"])
def test_an_instance_without_a_vevent_of_its_own_answers_the_series(which: str) -> None:
    written = write(HEAD + CHANGED + SERIES + TAIL, recurrence_id=which)
    assert written == HEAD + CHANGED + SERIES.replace("NEEDS-ACTION;RSVP=TRUE", "ACCEPTED") + TAIL


def test_an_instance_without_its_series_is_answered_by_its_own_name_only() -> None:
    assert "ACCEPTED" in write(HEAD + CHANGED + TAIL, recurrence_id="20261122T100000Z")
    assert refused(HEAD + CHANGED + TAIL) is Reason.APPOINTMENT_GONE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD + TAIL, Reason.APPOINTMENT_GONE),
        (HEAD + event(ATTENDEE, uid="b") + TAIL, Reason.APPOINTMENT_GONE),
        (HEAD + event(ATTENDEE, "STATUS:CANCELLED") + TAIL, Reason.APPOINTMENT_CANCELLED),
        (HEAD + event("ATTENDEE:mailto:bert@example.org") + TAIL, Reason.RSVP_NOT_ASKED),
        (HEAD + event("ATTENDEE:mailto:joanna@example.org") + TAIL, Reason.RSVP_NOT_ASKED),
        (HEAD + event("DESCRIPTION:x\r\n ATTENDEE:mailto:anna@example.org") + TAIL, Reason.RSVP_NOT_ASKED),
        ("no calendar", Reason.APPOINTMENT_GONE),
        ("", Reason.APPOINTMENT_GONE),
    ],
)
def test_what_cannot_be_answered_has_its_reason(text: str, reason: Reason) -> None:
    assert refused(text) is reason


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_break_it_and_none_but_the_line_s_are_touched(noise: bytes, at: int) -> None:
    body = (HEAD + event(ATTENDEE, "SUMMARY:x") + TAIL).encode()
    body = body[:at] + noise + body[at:]
    try:
        written = answer(body, Wanted("a", "", ANNA, "ACCEPTED", "UTC"))
    except RefusedError:
        return
    assert answer(written, Wanted("a", "", ANNA, "ACCEPTED", "UTC")) == written

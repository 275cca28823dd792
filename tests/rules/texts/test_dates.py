"""Dates and times: in five languages, in GSM-7, never longer than was said when the text was checked."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.texts.dates import LETTERS, STYLES, Form, correct, days, is_pattern, moment, plain, span, write
from engine.rules.texts.phrases import LANGUAGES
from engine.segments import count

SATURDAY = datetime(2026, 8, 22, 13, 4, tzinfo=UTC)
BRUSSELS = ZoneInfo("Europe/Brussels")
FORMS = (
    *(Form(style=style, half=half) for style in STYLES.values() for half in ("", "date", "time")),
    *(Form(pattern=letters) for letters in LETTERS if is_pattern(letters)),
    Form(pattern="hh:mm a"),
    Form(pattern="EEEE d MMMM yyyy, HH:mm:ss"),
)


@pytest.mark.parametrize(
    ("language", "form", "said"),
    [
        ("en", Form(), "22/08/2026, 15:04"),
        ("nl", Form(), "22-08-2026, 15:04"),
        ("sv", Form(), "2026-08-22 15:04"),
        ("fr", Form(), "22/08/2026 15:04"),
        ("de", Form(), "22.08.26, 15:04"),
        ("en", Form(style="full"), "Saturday, 22 August 2026, 15:04"),
        ("nl", Form(style="long", half="date"), "22 augustus 2026"),
        ("fr", Form(style="long", half="date"), "22 aout 2026"),
        ("de", Form(style="full", half="date"), "Samstag, 22. August 2026"),
        ("sv", Form(pattern="EEEE d MMM"), "lördag 22 aug."),
        ("nl", Form(half="time"), "15:04"),
        ("fr", Form(pattern="d/M/yy H.mm:ss"), "22/8/26 15.04:00"),
        ("en", Form(pattern="h:mm a"), "3:04 pm"),
        ("sv", Form(pattern="h:mm a"), "3:04 em"),
        ("xx", Form(pattern="MMMM"), "August"),
    ],
)
def test_a_moment_is_written_as_its_reader_writes_it(language: str, form: Form, said: str) -> None:
    assert write(moment(SATURDAY, BRUSSELS), form, language) == said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.pattern or f"{form.style}-{form.half}")
def test_every_hour_of_every_second_day_is_gsm_7_and_within_what_was_said(language: str, form: Form) -> None:
    written = [
        write(moment(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=13 * n), BRUSSELS), form, language)
        for n in range(700)
    ]
    assert {count(each).forced_by for each in written} == {""}
    assert max(map(len, written)) <= form.longest


def test_the_longest_that_was_said_is_reached_somewhere() -> None:
    """So that nobody is warned of what cannot be."""
    moments = [moment(datetime(2026, 1, 1, 23, 59, tzinfo=UTC) + timedelta(days=n), UTC) for n in range(366)]
    for form in FORMS:
        if form.pattern in ("y", "a"):  # `y` is four from the year 1000 on, and `a` is longer in Dutch at noon
            continue
        assert max(len(write(at, form, language)) for at in moments for language in LANGUAGES) >= form.longest - 3


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (Form(), "21/11/2026"),
        (Form(style="long"), "21 November 2026"),
        (Form(half="time"), "all day"),
        (Form(pattern="HH:mm"), "all day"),
        (Form(pattern="EEEE"), "Saturday"),
        (Form(pattern="d MMM HH:mm"), "21 Nov 2026"),
    ],
)
def test_a_whole_day_has_no_time_of_day(form: Form, said: str) -> None:
    assert write(moment(datetime(2026, 11, 21, tzinfo=UTC), UTC, whole_day=True), form, "en") == said


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("hh:mm", "HH:mm"),
        ("HH:MM", "HH:mm"),
        ("HH:m", "HH:mm"),
        ("DD/MM/YYYY", "dd/MM/yyyy"),
        ("dd/mm/yyyy", "dd/MM/yyyy"),
        ("%H:%M", "HH:mm"),
        ("%d/%m/%Y %H:%M", "dd/MM/yyyy HH:mm"),
        ("%I:%M %p", "hh:mm a"),
        ("HH:mm:SS", "HH:mm:ss"),
        ("dd/mm/yyyy HH:mm", "dd/MM/yyyy HH:mm"),
        ("HH:mm dd.mm", "HH:mm dd.MM"),
        ("HH:mm", ""),
        ("qq", ""),
        ("", ""),
    ],
)
def test_a_pattern_of_another_kind_is_understood(written: str, meant: str) -> None:
    assert correct(written) == meant


@pytest.mark.parametrize(
    "form", ["", " ", "mm", "h:mm", "HH:mm a", "MMMMM", "yyy", "G", "HH'h'", "HH:MM", "%H", "dé"]
)
def test_what_makes_no_sense_is_no_pattern(form: str) -> None:
    assert not is_pattern(form)


@pytest.mark.parametrize(
    ("until", "en", "nl"),
    [
        (timedelta(0), "now", "nu"),
        (timedelta(seconds=20), "now", "nu"),
        (timedelta(minutes=15), "in 15 min", "over 15 min"),
        (timedelta(hours=2), "in 2 h", "over 2 u"),
        (timedelta(minutes=90), "in 1 h 30 min", "over 1 u 30 min"),
        (timedelta(minutes=-5), "5 min ago", "5 min geleden"),
        (timedelta(hours=24), "in 1 day", "over 1 dag"),
        (timedelta(hours=27, minutes=10), "in 1 day 3 h", "over 1 dag 3 u"),
        (timedelta(days=7, hours=-1), "in 7 days", "over 7 dagen"),
    ],
)
def test_how_long_it_is_until_then(until: timedelta, en: str, nl: str) -> None:
    assert (span(until, "en"), span(until, "nl")) == (en, nl)


@pytest.mark.parametrize(("until", "said"), [(0, "heute"), (1, "morgen"), (3, "in 3 Tagen"), (-1, "vor 1 Tag")])
def test_whole_days_are_counted_in_days(until: int, said: str) -> None:
    assert days(until, "de") == said


@given(st.timedeltas(), st.sampled_from(LANGUAGES))
def test_any_length_is_written_in_gsm_7(until: timedelta, language: str) -> None:
    assert count(span(until, language)).forced_by == ""


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(FORMS), st.sampled_from(LANGUAGES), st.booleans())
def test_any_moment_of_any_year_is_written(at: datetime, form: Form, language: str, whole_day: bool) -> None:
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        assert write(moment(at, ZoneInfo(zone), whole_day), form, language)


def test_what_gsm_7_does_not_have_is_made_plain_where_it_can_be() -> None:
    assert plain("11\u202f04\u00a0août l’été – fin\u200e 漢") == "11 04 aout l'été - fin 漢"


@given(st.text(max_size=60))
def test_no_text_is_a_pattern_that_cannot_be_written(form: str) -> None:
    if is_pattern(form):
        assert len(write(moment(SATURDAY, UTC), Form(pattern=form), "nl")) <= Form(pattern=form).longest
    meant = correct(form)
    assert not meant or is_pattern(meant)

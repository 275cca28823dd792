"""The agenda: on which days and when, what stands in it, and how it is said within so many parts."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account import Agenda
from engine.event import AgendaDue, Item
from engine.notification import Channel
from engine.occasion import Occasion
from engine.reason import Reason
from engine.rules.agenda import WORTH, next_moment, pick, say_all, say_short
from engine.rules.evaluate import evaluate
from engine.rules.texts.field import Reader
from engine.rules.texts.phrases import LANGUAGES
from engine.segments import count
from tests.builders import PHONE, an_account
from tests.rules.samples import rules

BRUSSELS = ZoneInfo("Europe/Brussels")
ZONES = ("Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago")
MONDAY = date(2026, 6, 1)
MORNING = Agenda(name="morning", at="07:30")


def _at(hour: int, day: int = 1, zone: ZoneInfo = BRUSSELS) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=zone)


def _due(items: tuple[Item, ...] = (), **other: object) -> AgendaDue:
    values = {"account": "anna", "name": "morning", "day": "2026-06-01", "items": items, "due_at": _at(7)}
    return AgendaDue(**{**values, **other})  # type: ignore[arg-type]


def _reader(language: str = "en") -> Reader:
    return Reader(language, BRUSSELS, home=BRUSSELS)


@pytest.mark.parametrize(
    ("zone", "at", "days", "after", "expected"),
    [
        ("Europe/Brussels", "07:30", (), "2026-06-01T05:00", "2026-06-01T07:30"),
        ("Europe/Brussels", "07:30", (), "2026-06-01T07:30", "2026-06-02T07:30"),
        ("Europe/Brussels", "07:30", (0, 1, 2, 3, 4), "2026-06-05T08:00", "2026-06-08T07:30"),
        ("Europe/Brussels", "07:30", (6,), "2026-06-07T08:00", "2026-06-14T07:30"),
        ("Europe/Brussels", "02:30", (), "2026-03-28T12:00", "2026-03-29T03:00"),
        ("Europe/Brussels", "02:30", (), "2026-10-24T12:00", "2026-10-25T02:30"),
        ("America/Santiago", "00:15", (), "2026-09-05T12:00", "2026-09-06T01:00"),
        ("Pacific/Apia", "07:30", (), "2011-12-29T12:00", "2011-12-31T07:30"),
    ],
    ids=[
        "today",
        "not twice",
        "after the weekend",
        "weekly",
        "a gap",
        "twice on the clock",
        "no midnight",
        "no such day",
    ],
)
def test_it_is_told_at_its_time_by_the_clock_on_the_wall(
    zone: str, at: str, days: tuple[int, ...], after: str, expected: str
) -> None:
    where = ZoneInfo(zone)
    agenda = Agenda(name="a", at=at, days=days)
    day, moment = next_moment(agenda, where, datetime.fromisoformat(after).replace(tzinfo=where))
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=where).astimezone(UTC)
    assert day == datetime.fromisoformat(expected).date()


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(ZONES),
    st.integers(0, 24 * 60 - 1),
)
def test_each_day_has_one_moment(after: datetime, zone: str, minute: int) -> None:
    where = ZoneInfo(zone)
    agenda = Agenda(name="a", at=f"{minute // 60:02}:{minute % 60:02}")
    first, at = next_moment(agenda, where, after)
    second, then = next_moment(agenda, where, at)
    assert after < at < then
    assert second == first + timedelta(days=1)


def _occasion(start: datetime, hours: float = 1, **other: object) -> Occasion:
    values = {"feed": "work", "uid": "u", "starts_at": start, "ends_at": start + timedelta(hours=hours), "title": "x"}
    return Occasion(**{**values, **other})  # type: ignore[arg-type]


def test_what_is_of_the_day_stands_in_it_in_order() -> None:
    found = pick(
        [
            _occasion(_at(15), title="Late"),
            _occasion(_at(9), title="Early"),
            _occasion(_at(0), 24, title="Holiday", all_day=True),
            _occasion(_at(22) - timedelta(days=1), 4, title="Night shift"),
            _occasion(_at(12), 0, title="A moment"),
            _occasion(_at(12), title="Off", status="cancelled"),
            _occasion(_at(12), title="Private", feed="home"),
            _occasion(_at(0, day=2), title="Tomorrow"),
            _occasion(_at(0) - timedelta(hours=1), title="Yesterday"),
        ],
        Agenda(name="a", at="07:30", calendars=("work",)),
        MONDAY,
        BRUSSELS,
    )
    assert [item.title for item in found] == ["Holiday", "Night shift", "Early", "A moment", "Late"]


def test_a_week_has_seven_days() -> None:
    week = Agenda(name="w", at="07:30", span="week")
    found = pick([_occasion(_at(9, day), title=str(day)) for day in range(1, 12)], week, MONDAY, BRUSSELS)
    assert [item.title for item in found] == ["1", "2", "3", "4", "5", "6", "7"]


DAY = (
    Item(_at(0), "Holiday", "", True),
    Item(_at(9), "Dentist", "Room 2"),
    Item(_at(22) - timedelta(days=1), "Shift"),
)


@pytest.mark.parametrize(
    ("language", "short", "empty"),
    [
        ("en", "Mon 1 Jun: all day Holiday; 09:00 Dentist, Room 2; Sun 31 May 22:00 Shift", "nothing planned"),
        ("nl", "ma 1 jun: hele dag Holiday; 09:00 Dentist, Room 2; zo 31 mei 22:00 Shift", "niets gepland"),
        ("sv", "mån 1 juni: heldag Holiday; 09:00 Dentist, Room 2; sön 31 maj 22:00 Shift", "inget inplanerat"),
        (
            "fr",
            "lun. 1 juin: toute la journée Holiday; 09:00 Dentist, Room 2; dim. 31 mai 22:00 Shift",
            "rien de prévu",
        ),
        ("de", "Mo. 1 Juni: ganztägig Holiday; 09:00 Dentist, Room 2; So. 31 Mai 22:00 Shift", "nichts geplant"),
    ],
)
def test_a_day_is_told_in_the_readers_language(language: str, short: str, empty: str) -> None:
    assert say_short(_due(DAY), _reader(language), 1) == short
    nothing = f"{short.partition(':')[0]}: {empty}"
    assert say_short(_due(), _reader(language), 1) == nothing
    assert say_all(_due(), _reader(language)) == nothing


def test_a_week_names_its_days() -> None:
    items = (Item(_at(9), "Dentist", ""), Item(_at(11, 3), "", "Room 1"))
    assert say_short(_due(items, span="week"), _reader(), 1) == (
        "Week from Mon 1 Jun: Mon 09:00 Dentist; Wed 11:00 (no title), Room 1"
    )
    assert say_all(_due(items, span="week"), _reader()) == (
        "Monday, 1 June 2026\n09:00 Dentist\n\nWednesday, 3 June 2026\n11:00 (no title), Room 1"
    )


def test_what_finds_no_room_is_counted() -> None:
    items = tuple(Item(_at(8 + number), f"Meeting number {number}", "Room") for number in range(9))
    assert say_short(_due(items), _reader(), 1, "\nTocsin") == (
        "Mon 1 Jun: 08:00 Meeting number 0; 09:00 Meeting number 1; 10:00 Meeting number 2; 11:00 Meeting number 3; "
        "12:00 Meeting number 4; +4 more\nTocsin"
    )


ITEMS = st.lists(
    st.builds(
        Item,
        st.datetimes(datetime(2026, 5, 31), datetime(2026, 6, 8), timezones=st.just(UTC)),  # noqa: DTZ001
        st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60),
        st.sampled_from(["", "Room 2", "\u0391\u03b8\u03ae\u03bd\u03b1"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(ITEMS, st.integers(1, 6), st.sampled_from(LANGUAGES), st.sampled_from(["day", "week"]))
def test_it_is_never_longer_than_its_parts_and_what_is_left_out_is_counted(
    items: list[Item], parts: int, language: str, span: str
) -> None:
    plain = [item._replace(title=re.sub(r"[;+:]", " ", item.title)) for item in items]
    text = say_short(_due(tuple(plain), span=span), _reader(language), parts, "\nTocsin")
    assert count(text).parts <= parts
    assert text.endswith("\nTocsin")
    rest = re.search(r"[;:] \+(\d+) ", text)
    if items:
        told = text.count(";") + 1 - bool(rest and text.count(";"))
        assert (told if not rest or ";" in text else 0) + int(rest[1] if rest else 0) == len(items)


def test_by_mail_whole_lines_are_left_out_beyond_what_a_road_carries() -> None:
    items = tuple(Item(_at(9), "x" * 190, "") for _ in range(100))
    text = say_all(_due(items), _reader())
    told = text.count("x" * 190)
    assert len(text) <= 10_000
    assert text.endswith(f"\n+{100 - told} more")


def _decide(event: AgendaDue, **other: object):  # type: ignore[no-untyped-def]
    agenda = MORNING.model_copy(update=other.pop("agenda", {}))
    account = an_account(agendas=(agenda,), **other)
    return evaluate(event, account, rules(), _at(8))


def test_it_is_told_to_its_owner_by_the_first_road_that_reaches_them() -> None:
    decision = _decide(_due(DAY), agenda={"channels": ("fax", "sms", "email"), "lane": 3}, email="anna@example.org")
    [told] = decision.notifications
    assert (decision.reason, told.scope, told.rule, told.recipient) == (
        Reason.MATCHED,
        "tocsin",
        "agenda-morning",
        "me",
    )
    assert (told.channel, told.address, told.max_parts, told.lane) == (Channel.SMS, PHONE, 2, 3)
    assert [(way.channel, way.text.partition("\n")[0]) for way in told.otherwise] == [
        (Channel.EMAIL, "Monday, 1 June 2026")
    ]
    assert told.not_after == _at(7) + WORTH


@pytest.mark.parametrize(
    ("event", "other", "reason"),
    [
        (_due(), {}, Reason.NOTHING_PLANNED),
        (_due(), {"agenda": {"empty": "tell"}}, Reason.MATCHED),
        (_due(DAY), {"numbers": ()}, Reason.NO_NUMBER),
        (_due(DAY, name="evening"), {}, Reason.NOT_WANTED),
    ],
    ids=["skipped", "told", "nobody", "no longer there"],
)
def test_why_it_is_told_or_not(event: AgendaDue, other: dict[str, object], reason: Reason) -> None:
    decision = _decide(event, **other)
    assert decision.reason is reason
    assert len(decision.notifications) == (reason is Reason.MATCHED)

"""Only what changed is expanded again, and nothing is lost between two polls."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import SourceError
from engine.sources.calendar import refresh
from engine.sources.calendar.refresh import FeedState, Refreshed, advance, expand_due, plan, survey

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
WEEKLY = "DTSTART:20261001T090000Z\nRRULE:FREQ=WEEKLY"
ONCE = "DTSTART:20270601T090000Z"


def text(**events: str) -> str:
    body = "".join(f"BEGIN:VEVENT\nUID:{uid}\nSUMMARY:s\n{lines}\nEND:VEVENT\n" for uid, lines in events.items())
    return f"BEGIN:VCALENDAR\n{body}END:VCALENDAR\n"


def poll(old: FeedState, *texts: str, now: datetime = NOW, zone: str = "Europe/Brussels") -> Refreshed:
    return plan(old, texts, zone, (now - timedelta(days=2), now + refresh.HORIZON), feed="work")


def test_the_first_poll_expands_all() -> None:
    found = poll(FeedState(), text(a=WEEKLY, b=ONCE))
    assert {uid: len(each) for uid, each in found.occasions.items()} == {"a": 5, "b": 1}
    assert found.gone == ()


def test_an_unchanged_poll_expands_nothing() -> None:
    first = poll(FeedState(), text(a=WEEKLY, b=ONCE))
    again = poll(first.state, text(a=WEEKLY, b=ONCE), now=NOW + timedelta(hours=1))
    assert again.occasions == {}
    assert again.state == first.state


def test_new_stamps_alone_expand_nothing() -> None:
    first = poll(FeedState(), text(a="DTSTAMP:20261122T100000Z\nSEQUENCE:1\n" + WEEKLY))
    assert poll(first.state, text(a="DTSTAMP:20261122T101500Z\nSEQUENCE:2\n" + WEEKLY)).occasions == {}


def test_only_the_changed_one_is_expanded_and_what_vanished_is_gone() -> None:
    first = poll(FeedState(), text(a=WEEKLY, b=ONCE, c=ONCE))
    again = poll(first.state, text(a=WEEKLY, b=ONCE + "\nLOCATION:there"))
    assert set(again.occasions) == {"b"}
    assert again.gone == ("c",)
    assert set(again.state.entries) == {"a", "b"}


def test_what_recurs_is_expanded_further_when_the_window_is_used_up_and_what_does_not_is_left_alone() -> None:
    first = poll(FeedState(), text(a=WEEKLY, b=ONCE))
    soon = poll(first.state, text(a=WEEKLY, b=ONCE), now=NOW + refresh.SLACK)
    assert soon.occasions == {}
    later = poll(soon.state, text(a=WEEKLY, b=ONCE), now=NOW + refresh.SLACK + timedelta(days=1))
    assert set(later.occasions) == {"a"}
    assert later.occasions["a"][-1].starts_at > NOW + refresh.HORIZON


def test_a_server_that_invents_uids_anew_changes_nothing() -> None:
    first = poll(FeedState(), text(a=WEEKLY, b=ONCE))
    second = poll(first.state, text(x=WEEKLY, y=ONCE))
    assert (second.occasions, second.gone) == ({}, ())
    third = poll(second.state, text(p=WEEKLY, q=ONCE + "\nLOCATION:there"))
    assert set(third.occasions) == {"b"}
    assert third.occasions["b"][0].uid == "b"
    assert third.gone == ()


def test_two_alike_under_new_uids_stay_two() -> None:
    first = poll(FeedState(), text(a=ONCE, b=ONCE))
    again = poll(first.state, text(x=ONCE, y=ONCE, z=ONCE))
    assert set(again.state.entries) == {"a", "b", "z"}


def test_another_zone_expands_all_again() -> None:
    first = poll(FeedState(), text(a="DTSTART;VALUE=DATE:20261201", b=WEEKLY))
    again = poll(first.state, text(a="DTSTART;VALUE=DATE:20261201", b=WEEKLY), zone="Asia/Tokyo")
    assert set(again.occasions) == {"a", "b"}


def test_an_expansion_that_learned_something_expands_all_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = poll(FeedState(), text(a=ONCE))
    monkeypatch.setattr(refresh, "EXPANSION", refresh.EXPANSION + 1)
    assert set(poll(first.state, text(a=ONCE)).occasions) == {"a"}


def test_troubles_are_told_at_each_poll_until_they_are_mended() -> None:
    bad = text(a=WEEKLY, b="SUMMARY:no start")
    first = poll(FeedState(), bad)
    again = poll(first.state, bad)
    assert [trouble.uid for trouble in first.troubles] == ["b"]
    assert again.troubles == first.troubles
    assert poll(again.state, text(a=WEEKLY, b=ONCE)).troubles == ()


def test_one_bad_appointment_does_not_stop_the_others() -> None:
    found = poll(FeedState(), text(a="DTSTART:20200101T000000Z\nRRULE:FREQ=SECONDLY", b=ONCE))
    assert len(found.occasions["b"]) == 1
    assert "FREQ=SECONDLY" in found.troubles[0].what


def test_a_text_that_is_no_calendar_is_an_error_and_one_bad_object_of_many_is_a_trouble() -> None:
    with pytest.raises(SourceError):
        poll(FeedState(), "<html>")
    found = poll(FeedState(), text(a=ONCE), "<html>")
    assert set(found.occasions) == {"a"}
    assert "one of its objects is left out" in found.troubles[0].what


def test_what_is_left_for_later_is_not_forgotten() -> None:
    window = (NOW, NOW + refresh.HORIZON)
    state, seen = poll(FeedState(), text(a=ONCE, gone=ONCE)).state, []
    for _ in range(3):
        found = survey(state, [text(a=WEEKLY, b=WEEKLY, c=WEEKLY)], "Europe/Brussels", window, 1)
        done = {chunk.uid: expand_due(chunk, "Europe/Brussels", window, "work") for chunk in found.due}
        state = advance(state, found, done, "Europe/Brussels", window).state
        seen += list(done)
    assert sorted(seen) == ["a", "b", "c"]
    assert survey(state, [text(a=WEEKLY, b=WEEKLY, c=WEEKLY)], "Europe/Brussels", window).due == ()


def test_the_state_comes_back_from_json_as_it_was() -> None:
    state = poll(FeedState(), text(a=WEEKLY, b="SUMMARY:no start")).state
    assert FeedState.model_validate_json(state.model_dump_json()) == state

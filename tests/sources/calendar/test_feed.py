"""What may be written for a feed, and what it means."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from engine.document import read, validate
from engine.sources.calendar.feed import Feed

URL = "https://calendar.example/private-4711/basic.ics"


@pytest.mark.parametrize(
    ("written", "address", "place"),
    [
        ({"url": URL}, URL, "calendar.example:443"),
        ({"url": "http://calendar.example/a"}, "http://calendar.example/a", "calendar.example:80"),
        ({"url": "webcal://calendar.example/a"}, "https://calendar.example/a", "calendar.example:443"),
        ({"url": "WEBCALS://calendar.example:444/a"}, "https://calendar.example:444/a", "calendar.example:444"),
        ({"caldav": "https://dav.example/anna/home/"}, "https://dav.example/anna/home/", "dav.example:443"),
        ({"file": "/srv/home.ics"}, "", "/srv/home.ics"),
    ],
    ids=["https", "http", "webcal", "webcals", "caldav", "file"],
)
def test_a_feed_has_one_place(written: dict[str, Any], address: str, place: str) -> None:
    feed = Feed(name="work", **written)
    assert (feed.address, feed.place) == (address, place)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "exactly one of url, file, caldav"),
        ({"url": URL, "file": "/a.ics"}, "exactly one of url, file, caldav"),
        ({"url": URL, "name": "My Work"}, "small letters"),
        ({"url": "ftp://calendar.example/a"}, "begins with https://"),
        ({"url": "calendar.example/a"}, "begins with https://"),
        ({"url": "https:///a"}, "begins with https://"),
        ({"url": "https://h:port/a"}, "no address on the web"),
        ({"url": "https://anna:open-sesame@calendar.example/"}, "beside the address"),
        ({"caldav": "https://anna@dav.example/"}, "beside the address"),
        ({"url": URL, "user": "anna"}, "user together with"),
        ({"url": URL, "password": "x"}, "user together with"),
        ({"url": URL, "user": "anna", "password": "x", "password_file": "/x"}, "user together with"),
        ({"url": "http://calendar.example/", "user": "anna", "password": "x"}, "over https only"),
        ({"file": "/a.ics", "user": "anna", "password": "x"}, "neither a sign-in nor"),
        ({"url": URL, "refresh": "4m"}, "at least 5m"),
        ({"file": "/a.ics", "refresh": "30s"}, "at least 1m"),
        ({"url": URL, "private": "yes"}, "true or false"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value) or "nothing",
)
def test_what_cannot_be_a_feed_is_refused_in_words(written: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Feed(**{"name": "work", **written})


def test_a_password_may_travel_in_the_clear_inside_the_own_network() -> None:
    feed = Feed(name="work", caldav="http://nas.home/anna/", user="anna", password="x", private=True)
    assert feed.address == "http://nas.home/anna/"


def test_the_private_address_of_a_calendar_is_shown_by_nothing() -> None:
    feed = Feed(name="work", url=URL)
    assert "4711" not in f"{feed!r} {feed} {feed.place}"
    _, problems = validate(read(f"name: work\nurl: x{URL}\n", "feed.yaml"), Feed)
    assert problems
    assert "4711" not in str(problems)


@pytest.mark.parametrize(
    ("written", "advice", "minutes"),
    [
        ({"url": URL}, None, 15),
        ({"url": URL}, timedelta(hours=1), 60),
        ({"url": URL}, timedelta(seconds=1), 5),
        ({"url": URL}, timedelta(0), 5),
        ({"url": URL}, timedelta(days=-7), 5),
        ({"url": URL}, timedelta(days=365), 24 * 60),
        ({"url": URL, "refresh": "10m"}, timedelta(hours=12), 10),
        ({"file": "/a.ics"}, None, 1),
        ({"file": "/a.ics"}, timedelta(hours=1), 60),
    ],
    ids=["nothing", "advice", "too often", "zero", "negative", "too seldom", "own word", "file", "file with advice"],
)
def test_the_owner_says_how_often_then_the_publisher_within_bounds(
    written: dict[str, Any], advice: timedelta | None, minutes: int
) -> None:
    assert Feed(name="work", **written).interval(advice) == timedelta(minutes=minutes)

"""Fetching from web addresses and files."""

import gzip
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import SourceError
from engine.sources.calendar.copy import Copy, Piece
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import fetch
from engine.sources.calendar.refusal import BusyError
from engine.visit import Bounds, ForbiddenError, SignIn, TooMuchError
from tests.servers.calendars import event
from tests.servers.publisher import Listener, Paper, Publisher

ONE, TWO = event("1", "Dentist"), event("2", "Lunch")


def feed_at(server: Publisher, path: str = "/a.ics", **written: Any) -> Feed:
    return Feed(name="work", url=f"{server.url}{path}", private=True, **written)


# -- web addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "paper",
    [Paper(ONE.encode()), Paper(ONE.encode(), etag=False, modified=1_800_000_000)],
    ids=["ETag", "Last-Modified"],
)
async def test_what_did_not_change_is_not_sent_again(paper: Paper) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = paper
        feed = feed_at(server)
        first = await fetch(feed, Copy())
        assert await fetch(feed, first) is first
        server.papers["/a.ics"] = Paper(TWO.encode(), etag=paper.etag, modified=paper.modified and 1_900_000_000)
        second = await fetch(feed, first)
        assert server.answered == [200, 304, 200]
        assert "Dentist" in first.text
        assert "Lunch" in second.text


async def test_a_server_without_validators_sends_all_each_time_and_it_reads_as_before() -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE.encode(), etag=False)
        first = await fetch(feed_at(server), Copy())
        second = await fetch(feed_at(server), first)
        assert server.answered == [200, 200]
        assert second.reads_as(first)


async def test_a_304_for_nothing_is_no_calendar() -> None:
    async with Publisher() as server:
        server.statuses["/a.ics"] = (304, {})
        with pytest.raises(SourceError, match="answered 304"):
            await fetch(feed_at(server), Copy())


@pytest.mark.parametrize(
    "body",
    [
        ONE.encode(),
        b"\xef\xbb\xbf" + ONE.encode(),
        b"\r\n \r\n" + ONE.encode() + b"\r\n\r\n",
        ONE.replace("\r\n", "\n").encode(),
        ONE.replace("VCALENDAR", "vcalendar").encode(),
        ONE.replace("Dentist", "Zahnärztin Dentist").encode("cp1252"),
    ],
    ids=["plain", "byte order mark", "blank lines", "LF", "small letters", "not UTF-8"],
)
async def test_a_calendar_is_known_whatever_stands_around_it(body: bytes) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(body)
        assert "Dentist" in (await fetch(feed_at(server), Copy())).text


NO_CALENDARS = {
    "web page": (b"<!DOCTYPE html><html><body>Please sign in</body></html>", "a web page, not a calendar"),
    "page after blanks": (b"\n\n  <html>", "a web page, not a calendar"),
    "empty": (b"", "is empty"),
    "blank": (b" \r\n ", "is empty"),
    "JSON": (b'{"error": 1}', "is no calendar"),
    "noise": (bytes(range(256)) * 40, "is no calendar"),
    "half": (ONE.encode()[:-30], "breaks off"),
    "only a beginning": (b"BEGIN:VCALENDAR\r\n", "breaks off"),
}


@pytest.mark.parametrize(("body", "words"), NO_CALENDARS.values(), ids=NO_CALENDARS)
async def test_what_is_no_calendar_is_said_to_be_none(body: bytes, words: str) -> None:
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(body, kind="text/html")
        with pytest.raises(SourceError, match=words) as raised:
            await fetch(feed_at(server), Copy())
        assert raised.value.place == f"127.0.0.1:{server.port}"
        assert raised.value.remedy


@pytest.mark.parametrize(
    ("status", "words", "passing"),
    [
        (401, "wants a sign-in", False),
        (403, "may not be read", False),
        (404, "no calendar at this address", False),
        (410, "no calendar at this address", False),
        (418, "answered 418", False),
        (500, r"error of its own \(500\)", True),
        (502, r"error of its own \(502\)", True),
    ],
)
async def test_a_status_is_told_in_words(status: int, words: str, passing: bool) -> None:
    async with Publisher() as server:
        server.statuses["/a.ics"] = (status, {})
        with pytest.raises(SourceError, match=words) as raised:
            await fetch(feed_at(server), Copy())
        assert raised.value.unreachable is passing


@pytest.mark.parametrize(
    ("asked", "wait"), [("120", 120), ("", 0), ("soon", 0), ("-5", 0), ("٣", 0), ("9" * 30, 86_400)]
)
async def test_a_busy_server_says_how_long_it_wants_to_be_left_alone(asked: str, wait: float) -> None:
    async with Publisher() as server:
        server.statuses["/a.ics"] = (429, {"Retry-After": asked})
        with pytest.raises(BusyError) as raised:
            await fetch(feed_at(server), Copy())
        assert raised.value.wait == wait


async def test_a_password_is_sent_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    async with Publisher() as server:
        server.papers["/a.ics"] = Paper(ONE.encode())
        server.sign_in = SignIn("änna", "open sesame").header
        for way in ({"password": "open sesame"}, {"password_file": secret}):
            assert (await fetch(feed_at(server, user="änna", **way), Copy())).text
        with pytest.raises(SourceError, match="refuses the sign-in") as raised:
            await fetch(feed_at(server, user="änna", password="wrong-4711"), Copy())
        assert "4711" not in str(raised.value)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"], ids=["missing", "empty", "blank", "not UTF-8"])
async def test_a_file_without_a_password_is_named(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    feed = Feed(name="work", url="https://calendar.example/", user="anna", password_file=secret)
    with pytest.raises(SourceError) as raised:
        await fetch(feed, Copy())
    assert raised.value.place == str(secret)


async def test_the_bound_holds_for_what_is_unpacked() -> None:
    async with Publisher() as server:
        body = ONE.replace("Dentist", "x" * 1_000_000).encode()
        server.papers["/a.ics"] = Paper(body, packed=gzip.compress(body))
        with pytest.raises(TooMuchError):
            await fetch(feed_at(server), Copy(), Bounds(bytes=100_000))


async def test_a_feed_does_not_lead_into_the_own_network_unless_it_may() -> None:
    async with Listener() as victim:
        feed = Feed(name="work", url=f"{victim.url}/")
        with pytest.raises(ForbiddenError, match="this machine itself") as raised:
            await fetch(feed, Copy())
        assert "`private: true`" in raised.value.remedy
        assert victim.accepted == 0


# -- files -----------------------------------------------------------------------------------------------------------


async def test_a_file_is_read_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "home.ics"
    path.write_text(ONE)
    feed = Feed(name="home", file=path)
    first = await fetch(feed, Copy())
    assert await fetch(feed, first) is first
    path.write_text(ONE.replace("Dentist", "Denture"))  # as long as before
    os.utime(path, (1_900_000_000, 1_900_000_000))
    assert "Denture" in (await fetch(feed, first)).text


@pytest.mark.parametrize("what", ["missing", "folder", "pipe", "page", "too long"])
async def test_what_cannot_be_read_as_a_file_is_named(tmp_path: Path, what: str) -> None:
    path = tmp_path / "home.ics"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "page":
            path.write_text("<html>")
        case "too long":
            path.write_text(ONE + " " * 1_000_000)
    with pytest.raises(SourceError) as raised:
        await fetch(Feed(name="home", file=path), Copy(), Bounds(bytes=100_000))
    assert raised.value.place == str(path)
    assert raised.value.remedy


# -- copies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("REFRESH-INTERVAL;VALUE=DURATION:PT1H", timedelta(hours=1)),
        ("X-PUBLISHED-TTL:PT12H", timedelta(hours=12)),
        ("X-PUBLISHED-TTL:P1W", timedelta(weeks=1)),
        ("refresh-interval:PT\r\n 30M", timedelta(minutes=30)),
        ("REFRESH-INTERVAL:often", None),
        ("REFRESH-INTERVAL:often\r\nX-PUBLISHED-TTL:PT1H", timedelta(hours=1)),
        ("X-OTHER:PT1H", None),
    ],
)
def test_a_publisher_says_how_often_it_wishes_to_be_asked(line: str, advice: timedelta | None) -> None:
    text = ONE.replace("VERSION", f"{line}\r\nVERSION")
    assert Copy(pieces={"": Piece(text=text)}).advice == advice


def test_what_an_appointment_says_is_no_advice() -> None:
    text = ONE.replace("SUMMARY", "X-PUBLISHED-TTL:PT1H\r\nSUMMARY")
    assert Copy(pieces={"": Piece(text=text)}).advice is None


def test_a_copy_comes_back_from_json_as_it_was() -> None:
    copy = Copy(pieces={"/a": Piece(etag='"1"', text=ONE), "/b": Piece()}, token="t", ctag="c", modified="m")
    assert Copy.model_validate_json(copy.model_dump_json()) == copy
    assert copy.text == ONE

"""Keeping in step with real CalDAV servers, and with servers that misbehave."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from engine.errors import SourceError
from engine.sources.calendar import caldav
from engine.sources.calendar.caldav import BATCH, sync
from engine.sources.calendar.copy import Copy, Piece
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import fetch
from engine.sources.calendar.split import split
from engine.visit import Page, SignIn, Visitor
from tests.servers.calendars import Calendar, event
from tests.servers.publisher import Publisher


class Recorder(Visitor):
    """A visitor that remembers what it asked and was answered. `old`: the server knows no sync-collection."""

    def __init__(self, *, old: bool = False, **how: Any) -> None:
        super().__init__(**how)
        self.old = old
        self.asked: list[tuple[str, int]] = []
        self.fetched: list[str] = []

    async def visit(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Page:
        text = (body or b"").decode()
        found = re.search(r"<[dc]:(sync-collection|calendar-multiget|propfind)", text)
        word = found[1] if found else method
        if self.old and word == "sync-collection":
            page = Page(501, {}, b"")
        else:
            page = await super().visit(url, method=method, headers=headers, body=body)
        self.asked.append((word, page.status))
        self.fetched += re.findall(r"<d:href>([^<]*)</d:href>", text)
        return page


class Follower:
    """Follows a calendar from copy to copy."""

    def __init__(self, calendar: Calendar, *, old: bool = False) -> None:
        user = calendar.server.user
        password = calendar.server.password
        self.feed = Feed(
            name="work",
            caldav=calendar.url,
            private=True,
            user=user,
            password=password or None,  # type: ignore[arg-type]
        )
        self.copy = Copy()
        self.old = old
        self.asked: list[tuple[str, int]] = []
        self._sign_in = SignIn(user, password) if user else None

    async def look(self) -> list[str]:
        """Take the next copy. Answers the names of the objects that were fetched for it."""
        async with Recorder(private=True, sign_in=self._sign_in, old=self.old) as visitor:
            self.copy = await sync(visitor, self.feed, self.copy)
        self.asked = visitor.asked
        return sorted(path.rpartition("/")[2].removesuffix(".ics") for path in visitor.fetched)

    @property
    def titles(self) -> list[str]:
        return sorted(re.findall(r"SUMMARY:(\S+)", self.copy.text))


@pytest.mark.parametrize("old", [False, True], ids=["tokens", "tags"])
async def test_only_what_changed_is_fetched(calendar: Calendar, old: bool) -> None:
    follower = Follower(calendar, old=old)
    assert await follower.look() == []
    for number in range(4):
        calendar.put(f"u{number}", f"title{number}")
    assert await follower.look() == ["u0", "u1", "u2", "u3"]
    assert await follower.look() == []

    calendar.put("u1", "changed")
    assert await follower.look() == ["u1"]
    calendar.put("u4", "title4")
    calendar.remove("u2")
    assert await follower.look() == ["u4"]
    assert follower.titles == ["changed", "title0", "title3", "title4"]
    assert sorted(split(follower.copy.text)) == ["u0", "u1", "u3", "u4"]

    calendar.remove("u0")
    assert await follower.look() == []
    assert follower.titles == ["changed", "title3", "title4"]


async def test_an_unchanged_calendar_costs_one_question(calendar: Calendar) -> None:
    follower = Follower(calendar)
    calendar.put("u1")
    await follower.look()
    assert [word for word, _ in follower.asked] == ["sync-collection", "calendar-multiget"]
    await follower.look()
    assert follower.asked == [("sync-collection", 207)]


async def test_an_unchanged_calendar_of_tags_costs_one_question_too(calendar: Calendar) -> None:
    follower = Follower(calendar, old=True)
    calendar.put("u1")
    await follower.look()
    before = follower.copy
    await follower.look()
    assert follower.asked == [("propfind", 207)]
    assert follower.copy is before


async def test_a_token_that_the_server_forgot_costs_a_list_and_no_object(calendar: Calendar) -> None:
    follower = Follower(calendar)
    for number in range(3):
        calendar.put(f"u{number}", f"title{number}")
    await follower.look()
    token = follower.copy.token
    calendar.remove("u0")
    calendar.put("u3", "title3")
    follower.copy = follower.copy.model_copy(update={"token": f"{token[:-8]}{'0' * 8}"})
    assert await follower.look() == ["u3"]
    assert follower.asked[0][1] in (403, 412)
    assert follower.asked[1] == ("sync-collection", 207)
    assert follower.titles == ["title1", "title2", "title3"]


async def test_a_calendar_made_anew_is_read_anew(calendar: Calendar) -> None:
    follower = Follower(calendar)
    calendar.put("u0", "before")
    await follower.look()
    calendar.recreate()
    calendar.put("u1", "after")
    await follower.look()
    assert follower.titles == ["after"]


async def test_many_objects_are_fetched_in_batches(calendar: Calendar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caldav, "BATCH", 5)
    follower = Follower(calendar)
    for number in range(11):
        calendar.put(f"u{number}", f"title{number}")
    assert len(await follower.look()) == 11
    assert [word for word, _ in follower.asked] == ["sync-collection", *["calendar-multiget"] * 3]
    assert len(follower.titles) == 11


@pytest.mark.parametrize("old", [False, True], ids=["tokens", "tags"])
async def test_after_any_history_the_copy_is_the_calendar(calendar: Calendar, old: bool) -> None:
    chance = Random(20270304)
    follower = Follower(calendar, old=old)
    written: dict[str, str] = {}
    for step in range(60):
        uid = f"u{chance.randrange(6)}"
        match chance.choice(["put", "put", "remove", "look", "forget"]):
            case "put":
                written[uid] = f"title{step}"
                calendar.put(uid, written[uid])
            case "remove" if uid in written:
                calendar.remove(uid)
                del written[uid]
            case "forget" if follower.copy.token:
                follower.copy = follower.copy.model_copy(update={"token": follower.copy.token[:-8] + "00000000"})
            case _:
                await follower.look()
                assert follower.titles == sorted(written.values())


async def test_names_with_odd_letters_are_kept_in_step(calendar: Calendar) -> None:
    follower = Follower(calendar)
    calendar.put("a&b é", "odd")
    await follower.look()
    assert follower.titles == ["odd"]
    calendar.remove("a&b é")
    await follower.look()
    assert follower.titles == []


async def test_a_calendar_that_is_not_there_is_named(calendar: Calendar) -> None:
    follower = Follower(calendar)
    missing = follower.feed.model_copy(update={"caldav": f"{calendar.url[:-1]}x/"})
    with pytest.raises(SourceError, match="no calendar at this address"):
        await fetch(missing, Copy())


async def test_a_wrong_password_is_named(calendar: Calendar) -> None:
    if not calendar.server.password:
        assert (await fetch(Follower(calendar).feed, Copy())).pieces == {}
        return
    feed = Feed(name="work", caldav=calendar.url, private=True, user="anna", password="wrong")
    with pytest.raises(SourceError, match="refuses the sign-in"):
        await fetch(feed, Copy())


# -- servers that misbehave ------------------------------------------------------------------------------------------


def answer(*members: str, token: str = "") -> tuple[int, str]:
    end = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    names = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    return 207, f"<d:multistatus {names}>{''.join(members)}{end}</d:multistatus>"


def having(path: str, found: str) -> str:
    return f"<d:response><d:href>{path}</d:href><d:propstat><d:prop>{found}</d:prop></d:propstat></d:response>"


def named(path: str, etag: str = "1") -> str:
    return having(path, f"<d:getetag>{etag}</d:getetag>")


def shown(path: str, etag: str = "1", title: str = "Dentist") -> str:
    return having(path, f"<d:getetag>{etag}</d:getetag><c:calendar-data>{event(path, title)}</c:calendar-data>")


def status(path: str, code: int) -> str:
    return f"<d:response><d:href>{path}</d:href><d:status>HTTP/1.1 {code} X</d:status></d:response>"


async def follow(server: Publisher, *answers: tuple[int, str], before: Copy | None = None) -> Copy:
    server.queue += answers
    feed = Feed(name="work", caldav=f"{server.url}/c/", private=True)
    found = await fetch(feed, before or Copy())
    assert server.queue == []
    return found


async def test_changes_told_in_parts_are_put_together() -> None:
    async with Publisher() as server:
        found = await follow(
            server,
            answer(named("/c/1.ics"), status("/c/", 507), token="t1"),
            answer(named("/c/2.ics"), status("/c/", 507), token="t2"),
            answer(named("/c/3.ics"), status("/c/1.ics", 404), token="t3"),
            answer(shown("/c/2.ics"), shown("/c/3.ics")),
        )
        assert (sorted(found.pieces), found.token) == (["/c/2.ics", "/c/3.ics"], "t3")
        assert ">t2<" in server.bodies[2]


async def test_a_server_that_tells_the_same_part_for_ever_is_compared_instead() -> None:
    async with Publisher() as server:
        part = answer(named("/c/1.ics"), status("/c/", 507), token="t1")
        lists = [answer(), answer(named("/c/1.ics"))]
        found = await follow(server, part, part, *lists, answer(shown("/c/1.ics")))
        assert (list(found.pieces), found.token) == (["/c/1.ics"], "")


async def test_a_server_that_always_has_more_to_tell_is_left() -> None:
    async with Publisher() as server:
        parts = [answer(status("/c/", 507), token=f"t{number}") for number in range(caldav._MOST_PARTS)]
        with pytest.raises(SourceError, match="without end"):
            await follow(server, *parts)


async def test_an_object_that_is_not_shown_is_asked_for_again_and_the_others_stand() -> None:
    async with Publisher() as server:
        first = await follow(
            server,
            answer(named("/c/1.ics"), named("/c/2.ics"), named("/c/3.ics"), token="t1"),
            answer(shown("/c/1.ics"), status("/c/2.ics", 500)),
        )
        assert {path: bool(piece.text) for path, piece in first.pieces.items()} == {
            "/c/1.ics": True,
            "/c/2.ics": False,
            "/c/3.ics": False,
        }
        second = await follow(
            server, answer(token="t1"), answer(shown("/c/2.ics"), status("/c/3.ics", 404)), before=first
        )
        assert [bool(piece.text) for piece in second.pieces.values()] == [True, True]


async def test_an_object_that_is_not_shown_is_asked_for_again_though_the_tag_of_all_is_the_same() -> None:
    ctag = having("/c/", "<s:getctag xmlns:s='http://calendarserver.org/ns/'>7</s:getctag>")
    async with Publisher() as server:
        first = await follow(server, (501, ""), answer(ctag), answer(named("/c/1.ics")), answer())
        second = await follow(
            server, answer(ctag), answer(named("/c/1.ics")), answer(shown("/c/1.ics")), before=first
        )
        assert (first.text, "Dentist" in second.text) == ("", True)
        assert await follow(server, answer(ctag), before=second) is second


async def test_paths_and_tokens_are_escaped() -> None:
    async with Publisher() as server:
        path = "/c/a&amp;&lt;b.ics"
        first = await follow(server, answer(named(path), token="t&amp;&lt;1"), answer(shown(path)))
        assert (list(first.pieces), first.token) == (["/c/a&<b.ics"], "t&<1")
        await follow(server, answer(token="t2"), before=first)
        assert f"<d:href>{path}</d:href>" in server.bodies[1]
        assert "<d:sync-token>t&amp;&lt;1</d:sync-token>" in server.bodies[2]


async def test_an_object_that_goes_and_comes_back_in_one_list_of_changes_is_there() -> None:
    async with Publisher() as server:
        before = Copy(pieces={"/c/1.ics": Piece(etag="1", text=event("1", "Dentist"))}, token="t1")
        found = await follow(
            server,
            answer(status("/c/1.ics", 404), status("/c/", 507), token="t2"),
            answer(named("/c/1.ics", "2"), token="t3"),
            answer(shown("/c/1.ics", "2", "Lunch")),
            before=before,
        )
        assert "Lunch" in found.text


async def test_an_object_that_changed_and_is_not_shown_stands_as_it_was() -> None:
    async with Publisher() as server:
        before = Copy(pieces={"/c/1.ics": Piece(etag="1", text=event("1", "Dentist"))}, token="t1")
        found = await follow(server, answer(named("/c/1.ics", "2"), token="t2"), answer(), before=before)
        assert "Dentist" in found.text
        again = await follow(server, answer(token="t2"), answer(shown("/c/1.ics", "2", "Lunch")), before=found)
        assert "Lunch" in again.text


async def test_what_lies_beside_the_objects_is_passed_over() -> None:
    async with Publisher() as server:
        inner = having("/c/sub", "<d:resourcetype><d:collection/></d:resourcetype>")
        found = await follow(
            server,
            answer(named("/c/"), inner, named("", "9"), named("/c/1.ics"), token="t"),
            answer(shown("/c/1.ics")),
        )
        assert list(found.pieces) == ["/c/1.ics"]


async def test_an_address_of_another_host_in_an_answer_is_asked_of_this_one() -> None:
    async with Publisher() as server:
        await follow(server, answer(named("http://169.254.169.254/c/1.ics"), token="t"), answer(shown("/c/1.ics")))
        assert "169.254" not in "".join(server.bodies)
        assert len(server.requests) == 2


@pytest.mark.parametrize("code", [400, 403, 405, 415, 501])
async def test_a_server_without_tokens_or_a_tag_is_compared_object_by_object(code: int) -> None:
    async with Publisher() as server:
        no = (code, "<x/>")
        first = await follow(server, no, answer(), answer(named("/c/1.ics")), answer(shown("/c/1.ics")))
        second = await follow(server, no, answer(), answer(named("/c/1.ics")), before=first)
        assert second == first


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((200, "<html/>"), "answered 200"),
        ((207, "<html/>"), "makes no sense: no answer of a WebDAV server"),
        ((207, "<!DOCTYPE html><html/>"), "makes no sense: a document type"),
        ((207, "hello"), "makes no sense: not well-formed XML"),
        ((401, ""), "wants a sign-in"),
        ((404, ""), "no calendar at this address"),
        ((500, ""), "error of its own"),
    ],
    ids=["page", "page as 207", "document type", "text", "401", "404", "500"],
)
async def test_what_is_no_collection_is_said_to_be_none(reply: tuple[int, str], words: str) -> None:
    async with Publisher() as server:
        with pytest.raises(SourceError, match=words) as raised:
            await follow(server, reply)
        assert raised.value.place == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("limit", ["MOST_APPOINTMENTS", "MOST_TEXT"])
async def test_a_collection_that_is_too_large_is_refused(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caldav, limit, 1)
    async with Publisher() as server:
        server.queue = [
            answer(named("/c/1.ics"), named("/c/2.ics"), token="t"),
            answer(shown("/c/1.ics"), shown("/c/2.ics")),
        ]
        with pytest.raises(SourceError, match=r"over 1 appointments|longer than"):
            await fetch(Feed(name="work", caldav=f"{server.url}/c/", private=True), Copy())


def test_a_batch_is_short_enough_for_the_servers_that_refuse_long_lists() -> None:
    assert BATCH <= 100

"""Answers are written into real CalDAV servers, read back by a client that knows nothing of us."""

from collections.abc import Callable

import icalendar
import pytest
from aiohttp import web

from engine.errors import SourceError
from engine.reason import Reason
from engine.sources.calendar import respond as module
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import fetch
from engine.sources.calendar.partstat import RefusedError, Wanted, answer
from engine.sources.calendar.respond import respond
from tests.servers.calendars import Calendar
from tests.servers.publisher import Paper, Publisher

ME, OTHER = "anna@example.org", "bert@example.org"


def a_feed(calendar: Calendar) -> Feed:
    sign_in = {"user": calendar.server.user, "password": calendar.server.password} if calendar.server.user else {}
    return Feed.model_validate({"name": "home", "caldav": calendar.url, "private": True, **sign_in})


def wanted(partstat: str = "ACCEPTED", uid: str = "party", recurrence_id: str = "") -> Wanted:
    return Wanted(uid, recurrence_id, {ME}, partstat, "Europe/Brussels")


def invite(calendar: Calendar, title: str = "Party", **more: str) -> None:
    """An appointment to which both are asked."""
    asked = "PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
    calendar.put(
        "party",
        title,
        **{f"ATTENDEE;CN=Anna;{asked}": f"mailto:{ME}", f"ATTENDEE;{asked}": f"mailto:{OTHER}"},
        **more,
    )


def read(calendar: Calendar) -> dict[str, str]:
    """By attendee, what the independent client reads; with the title under an empty name."""
    [found] = calendar._calendar.events()
    event = icalendar.Calendar.from_ical(found.data).walk("VEVENT")[0]
    attendees = event["ATTENDEE"] if isinstance(event["ATTENDEE"], list) else [event["ATTENDEE"]]
    answers = {str(each).lower().removeprefix("mailto:"): str(each.params["PARTSTAT"]) for each in attendees}
    return {**answers, "": str(event["SUMMARY"])}


async def path_of(feed: Feed) -> str:
    [path] = (await fetch(feed, Copy())).pieces
    return path


async def test_an_answer_is_written_and_another_program_reads_it(calendar: Calendar) -> None:
    invite(calendar)
    feed = a_feed(calendar)
    path = await path_of(feed)
    for partstat in ("ACCEPTED", "DECLINED", "TENTATIVE"):
        assert await respond(feed, path, wanted(partstat))
        assert read(calendar) == {ME: partstat, OTHER: "NEEDS-ACTION", "": "Party"}


async def test_the_same_answer_again_writes_nothing(calendar: Calendar) -> None:
    invite(calendar)
    feed = a_feed(calendar)
    path = await path_of(feed)
    await respond(feed, path, wanted())
    tag = (await fetch(feed, Copy())).pieces[path].etag
    assert not await respond(feed, path, wanted())
    assert (await fetch(feed, Copy())).pieces[path].etag == tag


def _meanwhile(monkeypatch: pytest.MonkeyPatch, do: Callable[[], None], times: int) -> list[int]:
    """Between our reading and our writing somebody else writes, so often."""
    done: list[int] = []

    def slowly(body: bytes, wish: Wanted) -> bytes:
        written = answer(body, wish)
        if len(done) < times:
            do()
            done.append(1)
        return written

    monkeypatch.setattr(module, "answer", slowly)
    return done


async def test_what_somebody_else_writes_meanwhile_is_kept(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(calendar)
    feed = a_feed(calendar)
    path = await path_of(feed)
    titles = iter(("Big party", "Huge party", "Enormous party"))
    done = _meanwhile(monkeypatch, lambda: invite(calendar, next(titles)), 3)
    assert await respond(feed, path, wanted())
    assert read(calendar) == {ME: "ACCEPTED", OTHER: "NEEDS-ACTION", "": "Enormous party"}
    assert len(done) == 3


async def test_who_writes_without_end_is_waited_for_later(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(calendar)
    feed = a_feed(calendar)
    path = await path_of(feed)
    numbers = iter(range(100))
    _meanwhile(monkeypatch, lambda: invite(calendar, f"Party {next(numbers)}"), 100)
    with pytest.raises(SourceError, match="changed again and again") as error:
        await respond(feed, path, wanted())
    assert error.value.unreachable
    assert read(calendar)[ME] == "NEEDS-ACTION"


async def test_a_series_is_answered_as_a_whole(calendar: Calendar) -> None:
    invite(calendar, RRULE="FREQ=DAILY;COUNT=3")
    feed = a_feed(calendar)
    assert await respond(feed, await path_of(feed), wanted(recurrence_id="20270305T090000Z"))
    assert read(calendar)[ME] == "ACCEPTED"


async def test_what_was_deleted_is_gone_and_is_not_brought_back(calendar: Calendar) -> None:
    invite(calendar)
    feed = a_feed(calendar)
    path = await path_of(feed)
    calendar.remove("party")
    with pytest.raises(RefusedError) as error:
        await respond(feed, path, wanted())
    assert error.value.reason is Reason.APPOINTMENT_GONE
    assert (await fetch(feed, Copy())).pieces == {}


async def test_nobody_is_written_over_who_deletes_it_meanwhile(
    calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(calendar)
    feed = a_feed(calendar)
    path = await path_of(feed)
    _meanwhile(monkeypatch, lambda: calendar.remove("party"), 1)
    with pytest.raises(RefusedError) as error:
        await respond(feed, path, wanted())
    assert error.value.reason is Reason.APPOINTMENT_GONE


async def test_a_wrong_password_is_said_and_may_be_mended(calendar: Calendar) -> None:
    invite(calendar)
    if not calendar.server.user:
        return  # this one asks nobody who they are
    feed = a_feed(calendar)
    path = await path_of(feed)
    wrong = Feed.model_validate(
        {"name": "home", "caldav": calendar.url, "private": True, "user": "anna", "password": "no"}
    )
    with pytest.raises(SourceError, match="refuses the sign-in") as error:
        await respond(wrong, path, wanted())
    assert "no" not in error.value.place
    assert read(calendar)[ME] == "NEEDS-ACTION"


def _object() -> bytes:
    asked = f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{ME}"
    lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:party", asked, "END:VEVENT", "END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in lines).encode()


class Stubborn(Publisher):
    """A server that shows one object and answers each PUT with the next of these."""

    def __init__(self, *answers: int, tagged: bool = True) -> None:
        super().__init__()
        self.papers["/home/party.ics"] = Paper(_object(), etag=tagged)
        self.puts = list(answers)

    def _find(self, request: web.BaseRequest) -> web.Response:
        if request.method == "PUT":
            return web.Response(status=self.puts.pop(0))
        return super()._find(request)

    @property
    def feed(self) -> Feed:
        return Feed.model_validate({"name": "home", "caldav": f"{self.url}/home/", "private": True})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 415, 422])
async def test_a_server_that_takes_nothing_from_us_is_only_read(status: int) -> None:
    async with Stubborn(status) as server:
        with pytest.raises(RefusedError) as error:
            await respond(server.feed, "/home/party.ics", wanted())
    assert error.value.reason is Reason.RSVP_READ_ONLY


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 507])
async def test_a_server_in_trouble_is_asked_later(status: int) -> None:
    async with Stubborn(status) as server:
        with pytest.raises(SourceError):
            await respond(server.feed, "/home/party.ics", wanted())


@pytest.mark.parametrize("status", [409, 412, 423])
async def test_somebody_in_between_makes_us_read_again(status: int) -> None:
    async with Stubborn(status, status, 204) as server:
        assert await respond(server.feed, "/home/party.ics", wanted())
        assert [each.method for each in server.requests] == ["GET", "PUT"] * 3
        [tag] = {each.headers.get("If-Match") for each in server.requests if each.method == "PUT"}
        assert tag
        assert tag != "*"
        assert server.bodies[-1] == _object().decode().replace("NEEDS-ACTION", "ACCEPTED")


async def test_without_a_version_nothing_is_written() -> None:
    async with Stubborn(tagged=False) as server:
        with pytest.raises(RefusedError) as error:
            await respond(server.feed, "/home/party.ics", wanted())
    assert error.value.reason is Reason.RSVP_READ_ONLY
    assert [each.method for each in server.requests] == ["GET"]


async def test_a_calendar_that_is_no_collection_is_not_even_asked() -> None:
    async with Stubborn() as server:
        feed = Feed.model_validate({"name": "home", "url": f"{server.url}/home/party.ics", "private": True})
        with pytest.raises(RefusedError) as error:
            await respond(feed, "/home/party.ics", wanted())
        assert server.requests == []
    assert error.value.reason is Reason.RSVP_READ_ONLY


async def test_the_own_network_is_not_reached_without_leave() -> None:
    async with Stubborn() as server:
        feed = server.feed.model_copy(update={"private": False})
        with pytest.raises(SourceError, match="which is"):
            await respond(feed, "/home/party.ics", wanted())
        assert server.requests == []


@pytest.mark.parametrize("path", ["http://127.0.0.2:9/home/party.ics", "//127.0.0.2:9/home/party.ics"])
async def test_what_a_server_names_on_another_server_is_looked_for_on_itself(path: str) -> None:
    async with Stubborn(204) as server:
        assert await respond(server.feed, path, wanted())
        assert [each.path for each in server.requests] == ["/home/party.ics"] * 2

"""From an invitation in a real calendar to a text, from the answer back to it; and every way it may fail."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from engine.account import Account
from engine.agents import rsvp as module
from engine.agents.calendar import Calendar as Watch
from engine.agents.calendar import source_of
from engine.agents.rsvp import Rsvps, write_back
from engine.event import MessageReceived
from engine.invitation import Invitation
from engine.pool import Pool
from engine.reason import Reason
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import fetch
from engine.store import decisions, due, invitations
from engine.store.database import Database
from engine.store.due import DueKind
from tests.builders import PHONE, an_account
from tests.servers.calendars import Calendar
from tests.sources.calendar.conftest import calendar as calendar
from tests.sources.calendar.conftest import server as server
from tests.sources.calendar.test_respond import ME, OTHER, a_feed, invite, read
from tests.store.conftest import fresh as fresh
from tests.store.conftest import store as store
from tests.store.conftest import template as template
from tests.store.office import Here, Office

STARTS = datetime(2027, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = """
version: 1
rules:
  - name: All
    when: {calendar: home}
    remind: [2 days, 1 day]
    notify: {text: "{title}{if rsvp} {rsvp}{end}", signature: off}
"""


class Home(Office):
    """An office whose calendar stands on a CalDAV server, and whose owner may answer."""

    def __init__(self, store: Database, feed: Feed, account: Account | None = None) -> None:
        super().__init__(store, RULES, account or _anna(), STARTS - 10 * DAY)
        self.feed = feed
        self.desk.feeds = [(self.account.id, feed)]

    def look(self) -> None:
        """The calendar is read."""
        watch = Watch(self.desk, cast(Pool, Here()), (self.account.id, self.feed.name), self.feed)

        async def take() -> None:
            await watch.take(await fetch(self.feed, Copy()))

        asyncio.run(take())

    def at(self, before: timedelta) -> list[str]:
        """Reminders that are due so long before the appointment; answers what is sent."""
        self.now = STARTS - before
        return self.run()

    def hear(self, text: str, sender: str = PHONE) -> list[str]:
        """A text comes, and what is due is done; answers what is sent."""
        self.stream.append(
            MessageReceived(
                account=self.account.id,
                provider="phone",
                sender=sender,
                text=text,
                received_at=self.now,
                read_at=self.now,
            )
        )
        self.event = self.stream[-1].id
        self.pass_on()
        self.write()
        self.pass_on()
        return self.send()

    def reason(self) -> Reason:
        """What the last text was decided to be."""
        found = self.store.read(lambda c: decisions.find(c, self.event))
        assert found is not None
        return found[1].reason

    def write(self) -> int:
        """What is due to be written is written; answers how much that was."""
        taken = self.store.write(lambda c: due.take(c, self.now))
        keys = [each for each in taken if each.kind is DueKind.RSVP]

        async def write() -> None:
            rsvps = Rsvps(self.desk)
            await rsvps.begin(keys)
            await rsvps.end()

        asyncio.run(write())
        return len(keys)

    def invitation(self, recurrence_id: str = "") -> Invitation:
        """As it stands."""
        of = Invitation(self.account.id, "home", "party", recurrence_id, "", STARTS, STARTS)
        found = self.store.read(lambda c: invitations.find(c, of.id))
        assert found is not None
        return found


def _anna(**more: Any) -> Account:
    return an_account(parts=100, email=ME, language="nl", **more)


def _invited(store: Database, calendar: Calendar, account: Account | None = None, **more: str) -> Home:
    invite(calendar, **more)
    home = Home(store, a_feed(calendar), account)
    home.look()
    return home


def test_an_invitation_says_how_it_is_answered_and_the_answer_stands_in_the_calendar(
    store: Database, calendar: Calendar
) -> None:
    home = _invited(store, calendar)
    assert home.at(2 * DAY) == ["Party JA 1 / NEE 1?"]
    assert home.hear("Ja 1") == []
    assert read(calendar) == {ME: "ACCEPTED", OTHER: "NEEDS-ACTION", "": "Party"}
    assert home.reason() is Reason.RSVP_PENDING
    assert home.invitation().reason is Reason.RSVP_WRITTEN
    assert home.at(DAY) == ["Party"]  # answered, also where the calendar was not read since


def test_who_changes_their_mind_answers_again(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar)
    home.at(2 * DAY)
    for text, partstat in (("OK", "ACCEPTED"), ("nej 1", "DECLINED"), ("1 misschien", "TENTATIVE")):
        home.now += HOUR
        home.hear(text)
        assert read(calendar)[ME] == partstat


def test_where_it_is_wanted_the_yes_is_confirmed(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar, _anna(rsvp="confirm"))
    home.at(2 * DAY)
    assert home.hear("nee") == ["Afgewezen: Party, do 4 mrt 10:00"]


def test_where_it_is_not_wanted_a_yes_is_a_text_like_any_other(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar, _anna(rsvp="off"))
    assert home.at(2 * DAY) == ["Party"]
    assert home.hear("ja 1") == []
    assert read(calendar)[ME] == "NEEDS-ACTION"
    assert home.reason() is Reason.NO_RULE_MATCHED


def test_nobody_answers_for_the_owner(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar)
    home.at(2 * DAY)
    home.hear("ja 1", sender="+32470000099")
    assert home.write() == 0
    assert read(calendar)[ME] == "NEEDS-ACTION"


def test_who_is_not_asked_gets_no_number(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar, an_account(parts=9, email="carl@example.org"))
    assert home.at(2 * DAY) == ["Party"]
    assert home.hear("ja 1") == ["Not answered: there is no invitation with this number."]
    assert home.reason() is Reason.RSVP_UNKNOWN


def test_where_two_are_open_the_number_is_asked_for(store: Database, calendar: Calendar) -> None:
    asked = {"ATTENDEE;PARTSTAT=NEEDS-ACTION": f"mailto:{ME}"}
    calendar.put("dinner", "Dinner", **asked)
    home = _invited(store, calendar)
    assert sorted(home.at(2 * DAY)) == ["Dinner JA 1 / NEE 1?", "Party JA 2 / NEE 2?"]
    assert home.hear("ja")[0].startswith("Niet beantwoord: er staat meer dan een uitnodiging open.")
    assert home.reason() is Reason.RSVP_WHICH
    assert home.write() == 0


def test_an_appointment_that_is_over_is_named(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar)
    home.at(2 * DAY)
    home.now = STARTS + DAY
    assert home.hear("ja 1") == ["Niet beantwoord, het is voorbij: Party, do 4 mrt 10:00"]
    assert home.reason() is Reason.RSVP_OVER


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: invite(it, STATUS="CANCELLED"), "het is geannuleerd"),
        (lambda it: it.remove("party"), "het staat niet meer in de agenda"),
        (lambda it: it.put("party", "Party", ATTENDEE=f"mailto:{OTHER}"), "u staat niet bij de genodigden"),
    ],
    ids=["cancelled", "deleted", "not asked any more"],
)
def test_what_cannot_be_answered_any_more_is_named(
    store: Database, calendar: Calendar, change: Callable[[Calendar], None], said: str
) -> None:
    home = _invited(store, calendar)
    home.at(2 * DAY)
    change(calendar)
    [text] = home.hear("ja 1")
    assert text == f"Niet beantwoord, {said}: Party, do 4 mrt 10:00"
    assert home.write() == 0


def test_a_calendar_that_is_only_read_refuses_politely(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar)
    home.feed = Feed.model_validate({"name": "home", "file": "/nowhere.ics"})
    home.desk.feeds = [(home.account.id, home.feed)]
    assert home.at(2 * DAY) == ["Party"]
    assert home.hear("ja") == [
        "Niet beantwoord, deze agenda is alleen te lezen. Antwoord daar: Party, do 4 mrt 10:00"
    ]


def test_a_series_is_answered_as_a_whole_and_asks_once(store: Database, calendar: Calendar) -> None:
    home = _invited(store, calendar, RRULE="FREQ=DAILY;COUNT=3")
    assert home.at(2 * DAY) == ["Party JA 1 / NEE 1?"]
    assert home.at(DAY) == ["Party JA 1 / NEE 1?", "Party JA 1 / NEE 1?"]
    home.hear("ja")
    assert read(calendar)[ME] == "ACCEPTED"
    home.look()
    assert home.at(timedelta(0)) == ["Party", "Party"]


def _go_away(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same calendar, at an address where nobody answers."""
    away = home.feed.model_copy(update={"caldav": home.feed.address.replace("127.0.0.1", "127.0.0.9")})
    source = source_of(home.feed)
    monkeypatch.setattr(module, "source_of", lambda feed: source)
    home.desk.feeds = [(home.account.id, away)]


def test_a_server_that_is_away_is_tried_until_it_is_back(
    store: Database, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _invited(store, calendar)
    home.at(2 * DAY)
    _go_away(home, monkeypatch)
    assert home.hear("ja 1") == []
    assert home.invitation().tries == 1
    assert home.write() == 0  # not at once
    home.now += timedelta(minutes=1)
    assert home.write() == 1
    assert home.invitation().tries == 2
    home.desk.feeds = [(home.account.id, home.feed)]
    home.now += HOUR
    assert home.write() == 1
    assert read(calendar)[ME] == "ACCEPTED"
    assert home.invitation().reason is Reason.RSVP_WRITTEN


def test_a_server_that_stays_away_is_given_up_and_the_owner_told(
    store: Database, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _invited(store, calendar)
    home.at(2 * DAY)
    _go_away(home, monkeypatch)
    home.hear("ja 1")
    home.now += 13 * HOUR
    home.write()
    home.pass_on()
    assert home.send() == ["Niet beantwoord, de agenda is onbereikbaar. Antwoord daar: Party, do 4 mrt 10:00"]
    assert home.invitation().reason is Reason.RSVP_FAILED


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("where", ["before the calendar", "after the calendar", "after the telling"])
def test_whoever_dies_in_between_has_answered_once(
    store: Database, calendar: Calendar, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    home = _invited(store, calendar, _anna(rsvp="confirm"))
    home.at(2 * DAY)

    def die(*_: object, **__: object) -> Coroutine[None, None, None]:
        raise Killed

    name = {"before the calendar": "respond", "after the calendar": "_tell", "after the telling": "invitations"}[
        where
    ]
    dead = die if name != "invitations" else type("Gone", (), {"find": invitations.find, "end": die})
    with monkeypatch.context() as patch:
        patch.setattr(module, name, dead)
        home.stream.append(
            MessageReceived(
                account="anna", provider="phone", sender=PHONE, text="ja", received_at=home.now, read_at=home.now
            )
        )
        home.pass_on()
        with pytest.raises(Killed):
            asyncio.run(write_back(home.desk, home.invitation().id))
    assert read(calendar)[ME] == ("NEEDS-ACTION" if name == "respond" else "ACCEPTED")
    home.now += timedelta(minutes=2)
    assert home.write() == 1
    home.pass_on()
    assert home.send() == ["Aanvaard: Party, do 4 mrt 10:00"]
    assert read(calendar)[ME] == "ACCEPTED"
    assert home.invitation().reason is Reason.RSVP_WRITTEN
    home.now += HOUR
    assert home.write() == 0

"""Any edits at any times, with deaths between any two transactions: what is told is what a simple model tells."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import StreamError
from engine.store import feeds, ledger, reminders
from engine.store.database import Database
from tests.builders import NOW, an_account
from tests.store.office import DAY, FEED, HOUR, MINUTE, Appointment, Office

#: How many random histories are tried.
HISTORIES = int(os.environ.get("TOCSIN_HISTORIES", "60"))
LEADS = {"D": DAY, "H": 2 * HOUR}
GRACE = 5 * MINUTE
RULES = """\
version: 1
defaults: {signature: off, limits: {throttle: off, dedupe: off, daily: off}}
rules:
  - name: D
    when: {calendar: work}
    remind: 1 day
    notify: {to: me, text: "D|{title}|{starts|dd HH:mm}"}
  - name: H
    when: {calendar: work}
    remind: 2 h
    notify: {to: me, text: "H|{title}|{starts|dd HH:mm}"}
"""
TELLING = """\
version: 1
defaults: {signature: off, limits: {throttle: off, dedupe: off, daily: off}}
rules:
  - name: Work
    when: {calendar: work}
    remind: [1 day, 2 h]
    on_change: notify
    notify: {to: me, text: "{title}, {starts|EEE d MMM HH:mm}"}
"""
ZERO = NOW.replace(minute=0)
_numbers = count()
#: Where appointments may stand, in hours from the beginning.
places = st.sampled_from([3, 4, 25, 26, 27, 50])
singles, daily = ("1", "2"), "daily"


def _edits(titles: bool, series: bool) -> Any:
    """One thing that somebody does to the calendar."""
    of = st.sampled_from(singles)
    edits = [
        st.tuples(st.just("put"), of, places),
        st.tuples(st.just("cancel"), of, st.just(0)),
        st.tuples(st.just("restore"), of, st.just(0)),
        st.tuples(st.just("delete"), of, st.just(0)),
    ]
    if titles:
        edits.append(st.tuples(st.just("rename"), of, st.integers(0, 1)))
    if series:
        edits += [st.tuples(st.just(do), st.integers(0, 2), st.integers(-1, 2)) for do in ("shift", "skip", "back")]
    return st.one_of(edits)


deaths = st.sampled_from(["", "", "", "1", "2", "3", "stream"])


def histories(*, titles: bool = True, series: bool = True) -> Any:
    """What happens, in order."""
    edit = _edits(titles, series)
    return st.lists(
        st.one_of(
            edit,
            edit,
            edit,
            st.tuples(st.just("look"), deaths, st.just(0)),
            st.tuples(st.just("look"), st.just(""), st.just(0)),
            st.tuples(st.just("time"), st.sampled_from([0, 1, 4, 6, 59, 60, 61, 120, 600, 1380]), st.just(0)),
            st.tuples(st.just("fire"), deaths, st.just(0)),
            st.tuples(st.just("pass"), st.sampled_from(["", "", "again"]), st.just(0)),
            st.tuples(st.just("send"), st.just(""), st.just(0)),
        ),
        min_size=10,
        max_size=50,
    )


class _DeathError(Exception):
    """The process is gone; what was not committed is rolled back."""


@contextmanager
def dying(store: Database, office: Office, when: str) -> Iterator[None]:
    """The engine dies before the n-th commit, or because the stream cannot be written."""
    office.broken = when == "stream"
    left = int(when) if when.isdigit() else 0
    submit = store._submit

    def hand_in(work: Any, touching: Any = None) -> Any:
        nonlocal left
        left -= 1
        if left:
            return submit(work, touching)

        def die(connection: Any) -> None:
            work(connection)
            raise _DeathError

        return submit(die, touching)

    with patch.object(store, "_submit", hand_in), suppress(_DeathError, StreamError):
        yield
    office.broken = False


Key = tuple[str, str, datetime]
"""(rule, uid, start)."""


@dataclass
class Promise:
    """What the model knows of one reminder."""

    due: datetime
    state: str
    """waits, passed, out (on the stream or in the queue), told, withdrawn."""
    taken: bool = False
    """In hand once: its event may be out."""
    leased: datetime | None = None


@dataclass
class Model:
    """What should happen, said as plainly as can be."""

    promises: dict[Key, Promise] = field(default_factory=dict)
    stream: set[Key] = field(default_factory=set)
    queue: set[Key] = field(default_factory=set)
    titles: dict[tuple[str, datetime], str] = field(default_factory=dict)
    """What takes place, as it was last seen."""

    def look(self, calendar: dict[str, Appointment], now: datetime) -> None:
        """The calendar is seen as it is."""
        before, self.titles = self.titles, {}
        for uid, each in calendar.items():
            for start, title, alive in each.occurrences():
                if alive:
                    self.titles.setdefault((uid, start), title)
        for key, promise in self.promises.items():
            _, *place = key
            alive = tuple(place) in self.titles
            renamed = alive and before.get(tuple(place)) not in (None, self.titles[tuple(place)])  # type: ignore[arg-type]
            loose = promise.state == "out" or (promise.state == "waits" and promise.taken)
            if alive and promise.state == "withdrawn":
                self._again(promise, now)
            elif alive and renamed and loose:
                self._stop(key)
                self.promises[key] = Promise(max(promise.due, now), "waits")
            elif not alive and promise.state in ("waits", "out"):
                self._stop(key)
                promise.state, promise.taken = "withdrawn", loose
        for uid, start in self.titles:
            for rule, lead in LEADS.items():
                if (rule, uid, start) not in self.promises:
                    self.promises[rule, uid, start] = Promise(start - lead, "withdrawn")
                    self._again(self.promises[rule, uid, start], now)

    def _again(self, promise: Promise, now: datetime) -> None:
        if promise.taken:
            promise.due, promise.state = max(promise.due, now), "waits"
        else:
            promise.state = "waits" if now - promise.due <= GRACE else "passed"
        promise.taken, promise.leased = False, None

    def _stop(self, key: Key) -> None:
        self.stream.discard(key)
        self.queue.discard(key)

    def fire(self, when: str, now: datetime) -> None:
        """What is due comes to the stream."""
        for key, promise in self.promises.items():
            free = promise.leased is None or promise.leased < now
            if promise.state != "waits" or promise.due > now or not free or when == "1":
                continue
            promise.taken, promise.leased = True, now + reminders.LEASE
            over = key[2] + HOUR <= now
            if over and now - promise.due > GRACE:
                if when not in ("2", "stream"):
                    promise.state = "passed"
            elif when != "stream":
                promise.state = "out"
                self.stream.add(key)

    def worth(self, key: Key) -> datetime:
        """Until when anybody wants to hear of it: until it is over, or an hour after it fell due."""
        return max(key[2] + HOUR, self.promises[key].due + HOUR)

    def shown(self, key: Key) -> str:
        """How a message names it."""
        rule, uid, start = key
        return f"{rule}|{self.titles[uid, start]}|{start + HOUR:%d %H:%M}"


class Life:
    """An office and its model, on the same history."""

    def __init__(self, store: Database, text: str) -> None:
        self.store = store
        account = an_account(f"m{next(_numbers)}", parts=100_000)
        self.office = Office(store, text, account)
        self.office.look()
        self.office.calendar[daily] = Appointment(ZERO + 5 * HOUR, "Daily", days=3)
        self.model = Model()

    def edit(self, do: str, what: Any, how: int) -> None:
        """Somebody changes the calendar; nobody has looked yet."""
        calendar = self.office.calendar
        if do in ("shift", "skip", "back"):
            each = calendar[daily]
            original = each.start + what * DAY
            if do == "back":
                each.instances.pop(original, None)
            else:
                status = "CANCELLED" if do == "skip" else "CONFIRMED"
                moved = original + (how * HOUR if do == "shift" else timedelta(0))
                each.instances[original] = Appointment(moved, "Daily", status)
        elif do == "put":
            start = ZERO + how * HOUR
            calendar[what] = replace(calendar.get(what, Appointment(start, f"A{what}")), start=start)
        elif what in calendar:
            if do == "delete":
                del calendar[what]
            elif do == "rename":
                calendar[what].title = f"A{what}{'bc'[how]}"
            else:
                calendar[what].status = "CANCELLED" if do == "cancel" else "CONFIRMED"

    def look(self, when: str) -> None:
        key = (self.office.account.id, FEED)
        before = self.store.read(lambda c: feeds.load(c, key).n)
        with dying(self.store, self.office, when):
            self.office.look()
        if when == "" or self.store.read(lambda c: feeds.load(c, key).n) != before:
            self.model.look(self.office.calendar, self.office.now)

    def fire(self, when: str) -> None:
        with dying(self.store, self.office, when):
            self.office.fire()
        self.model.fire(when, self.office.now)

    def pass_on(self, how: str) -> None:
        stream, noticed = list(self.office.stream), list(self.office.noticed)
        self.office.pass_on()
        if how == "again":
            self.office.stream, self.office.noticed = stream, noticed
            self.office.pass_on()
        self.model.queue |= self.model.stream
        self.model.stream.clear()

    def send(self) -> list[str]:
        """Everything in the queue is sent, and it is what the model has there."""
        said = [_bare(text) for text in self.office.send()]
        for key in [each for each in self.model.queue if self.model.worth(each) < self.office.now]:
            self.model.queue.discard(key)  # the appointment is over: nobody wants to hear of it any more
            self.model.promises[key].state = "passed"
        assert sorted(said) == sorted(self.model.shown(key) for key in self.model.queue)
        for key in self.model.queue:
            self.model.promises[key].state = "told"
        self.model.queue.clear()
        return said

    def step(self, do: str, what: Any, how: int) -> None:
        """One thing happens."""
        if do == "time":
            self.office.now += what * MINUTE
        elif do in ("look", "fire"):
            getattr(self, do)(what)
        elif do == "pass":
            self.pass_on(what)
        elif do == "send":
            self.office.now += timedelta(seconds=1)
            self.send()
        else:
            self.edit(do, what, how)


def _bare(text: str) -> str:
    """Without the note that it comes late."""
    return text.partition(") ")[2] or text


@pytest.mark.timeout(60 + 2 * HISTORIES)
@given(history=histories())
@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_told_is_what_stands_in_the_calendar_once_and_in_time(store: Database, history: Any) -> None:
    life = Life(store, RULES)
    for step in history:
        life.step(*step)
    for hours in range(0, 90, 1):
        life.office.now += HOUR * bool(hours)
        if not hours:
            life.look("")
        if hours < 2 or any(
            each.state == "waits" and each.due <= life.office.now for each in life.model.promises.values()
        ):
            life.fire("")
            life.pass_on("")
            life.send()
    assert all(each.state != "waits" for each in life.model.promises.values()), "nothing is left waiting"
    told = [key for key, each in life.model.promises.items() if each.state == "told"]
    assert len(life.office.sent) == len(told), "nothing is told twice"
    assert store.read(ledger.differences) == []


@pytest.mark.timeout(60 + 2 * HISTORIES)
@given(history=histories(titles=False, series=False))
@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_somebody_was_told_last_is_true_in_the_end(store: Database, history: Any) -> None:
    life = Life(store, TELLING)
    office = life.office
    del office.calendar[daily]
    believed: dict[str, str] = {}
    for step in history:
        if step[0] in ("look", "fire"):
            with dying(store, office, step[1]):
                getattr(office, step[0])()
        elif step[0] == "pass":
            office.pass_on()
        elif step[0] == "send":
            _believe(believed, office.send())
        else:
            life.step(*step)
    office.look()
    for _ in range(3):
        _believe(believed, office.run())
        office.now += MINUTE
    for uid in singles:
        truth = office.calendar.get(uid)
        alive = truth is not None and truth.status != "CANCELLED"
        told = believed.get(f"A{uid}")
        if told is None or (alive and truth is not None and truth.start < office.now + 2 * HOUR):
            continue
        when = f"{truth.start + HOUR:%a %-d %b %H:%M}" if truth is not None and alive else "off"
        if told != when and (
            told == "off"
            or datetime.strptime(f"2026 {told}", "%Y %a %d %b %H:%M").replace(tzinfo=UTC) > office.now + 2 * HOUR
        ):
            raise AssertionError(f"{uid}: told {told}, true {when}")


def _believe(believed: dict[str, str], texts: list[str]) -> None:
    for text in map(_bare, texts):
        kind, _, rest = text.partition(": ")
        if not rest:
            title, _, at = text.partition(", ")
            believed[title] = at
            continue
        title, _, when = rest.partition(", ")
        new = "off" if kind == "Cancelled" else when.rpartition(" to ")[2]
        assert believed.get(title) != new, f"told again: {text}"
        believed[title] = new

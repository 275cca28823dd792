"""Any answers, reports and deaths at any times: never two channels without a cause, never none where one is due."""

import shutil
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.answer import Answer, ProviderClass
from engine.message import message_id
from engine.notification import Channel, Fallback, Limits, Notification
from engine.quiet import QuietHours
from engine.reason import Reason
from engine.receipt import Fate
from engine.store import journeys, ledger, revision
from engine.store.database import Database
from engine.store.send_queue import Claim
from engine.store.tables import journey, message, transfer
from tests.builders import ACCEPTED, BUSY, REFUSED, SILENT
from tests.store.conftest import Fresh
from tests.store.journeying import A_FAX, FAX, IN_TIME, MAIL, MINUTE, PROVIDERS, Town, going

FALLBACKS = {
    "failed": Fallback(),
    "in time": IN_TIME,
    "late": Fallback(after=5 * MINUTE, on=("not_delivered",)),
    "credit": Fallback(on=("no_credit",)),
    "off": None,
}
ANSWERS = {"accepted": ACCEPTED, "refused": REFUSED, "busy": BUSY, "silent": SILENT, "died": None}
REPORTS = {
    "delivered": (Fate.DELIVERED, Reason.DELIVERED),
    "undelivered": (Fate.UNDELIVERED, Reason.PHONE_OFF),
    "failed": (Fate.FAILED, Reason.PROVIDER_REFUSED),
}
NIGHT = Limits(quiet_hours=QuietHours(start="11:20", end="11:45"))

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("tell"),
            st.sampled_from(sorted(FALLBACKS)),
            st.sampled_from(["hold", "resend"]),
            st.sampled_from([Limits(), NIGHT]),
        ),
        st.tuples(st.just("claim")),
        st.tuples(st.just("answer"), st.integers(0, 5), st.sampled_from(sorted(ANSWERS))),
        st.tuples(st.just("report"), st.integers(0, 9), st.sampled_from(sorted(REPORTS))),
        st.tuples(st.just("time"), st.sampled_from([1, 4, 5, 9, 10, 16, 61, 900])),
        st.tuples(st.just("torn")),
    ),
    min_size=4,
    max_size=30,
)


class _KilledError(Exception):
    """The process is gone; what was not committed is rolled back."""


class Life:
    """A town, what its providers really know, and what came to pass."""

    def __init__(self, store: Database, kind: ProviderClass, parts: int) -> None:
        self.town = Town(store, parts=parts, provider_class=kind)
        self.town.top_up(A_FAX)
        self.told: list[Notification] = []
        self.air: list[Claim] = []
        self.calls: list[Claim] = []
        """Every call that was ever made: a report may come for any."""
        self.open: set[tuple[Any, str]] = set()
        """(message, reference) of which we were not told what became."""
        self.reported: set[Any] = set()
        """Messages whose end a provider has told."""
        self.known: dict[Any, dict[Channel, Fate]] = {}
        self._numbers = count(1)

    def tell(self, fallback: str, on_unknown: str, limits: Limits) -> None:
        values = {"fallback": FALLBACKS[fallback], "on_unknown": on_unknown, "limits": limits}
        self.told.append(going(next(self._numbers), MAIL, FAX, decided_at=self.town.now, **values))
        self.town.take_in(self.told[-1])

    def claim(self) -> None:
        taken = self.town.claim_all()
        self.air += taken
        self.calls += taken

    def answer(self, number: int, how: str) -> None:
        if not self.air:
            return
        claim = self.air.pop(number % len(self.air))
        said: Answer | None = ANSWERS[how]
        if said is None or how == "silent":
            self._leave_open(claim)
        elif how == "refused" and self.town.provider_class is ProviderClass.IDEMPOTENT:
            self.open.discard((claim.message.id, claim.client_ref))
        if said is not None:
            self.town.answer(claim, said)

    def _leave_open(self, claim: Claim) -> None:
        if claim.message.id not in self.reported:
            self.open.add((claim.message.id, claim.client_ref))

    def report(self, number: int, what: str) -> None:
        if not self.calls:
            return
        claim = self.calls[number % len(self.calls)]
        self.open = {each for each in self.open if each[0] != claim.message.id}
        self.reported.add(claim.message.id)
        self.town.report(claim, *REPORTS[what])

    def time(self, minutes: int) -> None:
        # whoever holds a call that long is dead: its lease lapses
        for each in self.air:
            self._leave_open(each)
        self.town.pass_time(minutes * MINUTE)

    def torn(self) -> None:
        """The timer dies in the midst of a look at all journeys, and another one begins anew."""

        def work(connection: Any) -> None:
            ids = list(connection.execute(sa.select(journey.c.notification_id)).scalars())
            for id in ids:
                journeys.stir(connection, id, self.town.now)
            self.town.fall(connection, ids)
            raise _KilledError

        with suppress(_KilledError):
            self.town.store.write(work)

    # ---- the laws

    def check(self) -> None:
        """What holds after every step."""
        for told in self.told:
            fates = self.town.fates(told)
            before = self.known.get(told.id, {})
            if before and len(fates) > len(before):
                assert len(fates) == len(before) + 1, "two in one step"
                self._has_cause(told, list(before)[-1], fates)
            active = [fate for fate in fates.values() if fate in (Fate.QUEUED, Fate.SENDING)]
            assert len(active) <= 1, "two at once"
            self.known[told.id] = fates

    def _has_cause(self, told: Notification, left: Channel, fates: dict[Channel, Fate]) -> None:
        """The channel before a new one was left for a reason, and over no open call."""
        assert told.fallback is not None, "it was switched off"
        [fact] = [each for each in self.town.receipts(told) if each.detail.startswith(f"{left}: ")][:1]
        assert fact.reason is Reason.INSTEAD
        ended = fates[left] in (Fate.FAILED, Fate.UNDELIVERED)
        in_time = "not_delivered" in told.fallback.on
        late = fates[left] in (Fate.WITHDRAWN, Fate.SENT, Fate.UNCERTAIN)
        assert (
            (ended and ("failed" in told.fallback.on or in_time))
            or (late and in_time)
            or (fates[left] is Fate.UNCERTAIN and told.on_unknown == "resend")
        ), (left, fates)
        if told.on_unknown == "hold":
            message = message_id(told.id, left)
            assert not [each for each in self.open if each[0] == message], "over an open call"

    def end(self) -> None:
        """Every call is answered, every report is in, and all time has passed."""
        while self.air:
            self.answer(0, "accepted")
            self.check()
        for _ in range(12):
            self.time(30)
            self.check()
            self.claim()
            while self.air:
                self.answer(0, "refused")
                self.check()
            self.check()
        self.town.pass_time(timedelta(days=4))
        self.check()

    def check_end(self) -> None:
        """None is left lying, and each message was paid once at most."""
        for told in self.told:
            self._went_all_the_way(told)
        store = self.town.store
        assert store.read(ledger.differences) == []
        moved = store.read(lambda c: c.execute(sa.select(transfer.c.message_id, transfer.c.kind)).all())
        kinds = Counter((row.message_id, row.kind) for row in moved if row.message_id is not None)
        assert all(many == 1 for many in kinds.values())
        for row in store.read(lambda c: c.execute(sa.select(message)).all()):
            paid = kinds[row.id, "settle"], kinds[row.id, "release"]
            sent = row.fate in (Fate.SENT.value, Fate.DELIVERED.value, Fate.UNDELIVERED.value)
            assert row.bucket_id is None or paid == ((1, 0) if sent else (0, 1)), (row.fate, paid)

    def _went_all_the_way(self, told: Notification) -> None:
        """Where a channel ended badly and nobody was reached, all that come after it were looked at."""
        fates = self.town.fates(told)
        assert not {Fate.QUEUED, Fate.SENDING, Fate.UNCERTAIN} & set(fates.values()), fates
        if told.fallback is None or "failed" not in told.fallback.on or not fates or Fate.DELIVERED in fates.values():
            return
        last = list(fates)[-1]
        ended = [fact for fact in self.town.facts(told) if fact[0] is last][-1]
        given_up = ended[2] in (Reason.NO_ANSWER, Reason.GAVE_UP)
        if ended[1] in (Fate.UNDELIVERED, Fate.FAILED) and not given_up:
            looked_at = {channel for channel, _, _ in self.town.facts(told)}
            assert looked_at == set(PROVIDERS), (fates, self.town.facts(told))


def _live(make: Any, steps: list[Any], kind: ProviderClass, parts: int) -> None:
    store = make()
    life = Life(store, kind, parts)
    try:
        for name, *arguments in steps:
            getattr(life, name)(*arguments)
            life.check()
        life.end()
        life.check_end()
    finally:
        store.close()


def test_any_history_takes_each_channel_for_a_cause_and_leaves_none_out(fresh: Fresh, tmp_path: Path) -> None:
    first = Database(fresh())
    revision.ensure(first)
    first.close()
    numbers = count()

    on_sqlite = first.url.startswith("sqlite")

    def make() -> Database:
        if not on_sqlite:
            return Database(fresh())
        copy = tmp_path / f"copy{next(numbers)}.db"
        shutil.copy(first.url.removeprefix("sqlite:///"), copy)
        return Database(f"sqlite:///{copy}")

    # a database of its own for each costs PostgreSQL seconds
    kinds = st.sampled_from([ProviderClass.OPAQUE, ProviderClass.IDEMPOTENT])
    lives = given(steps=steps, kind=kinds, parts=st.integers(0, 3))(_live)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings(max_examples=40 if on_sqlite else 5, deadline=None, suppress_health_check=checks)(lives)(make)

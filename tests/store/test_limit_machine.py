"""Any mails at any times, with kills in between: never too many, and every one has its end."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.notification import Dedupe, Digest, Limits, Notification, Throttle
from engine.quiet import QuietHours
from engine.reason import Reason
from engine.receipt import FOLLOWS, Fate
from engine.store import accounts, inbox, ledger, receipts
from engine.store.database import Database
from engine.store.tables import digest, held, message, notification
from tests.builders import NOW, a_notification, a_quote, an_account
from tests.store.test_limits import EUR, pass_time

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Europe/Brussels")
CAP = 8
RULES = {
    "few": Limits(throttle=Throttle(max=2, per=HOUR)),
    "drop": Limits(throttle=Throttle(max=1, per=HOUR / 2, then="drop")),
    "gather": Limits(digest=Digest(every=2 * HOUR, max_items=2)),
    "morning": Limits(digest=Digest(at=("08:30",))),
    "night": Limits(quiet_hours=QuietHours(start="22:00", end="07:00"), throttle=Throttle(max=2, per=HOUR)),
    "capped": Limits(daily=2),
    "plain": Limits(),
}

#: What happens next: mails of a rule; time; the router or the timer, to the end or killed on the way.
steps = st.lists(
    st.one_of(
        st.tuples(st.just("mails"), st.sampled_from(sorted(RULES)), st.integers(1, 6)),
        st.tuples(st.just("time"), st.sampled_from([1, 7, 30, 59, 60, 61, 300, 900]), st.just(0)),
        st.tuples(st.just("route"), st.sampled_from(["done", "not acknowledged", "torn"]), st.integers(1, 9)),
        st.tuples(st.just("wake"), st.sampled_from(["done", "torn"]), st.just(0)),
    ),
    min_size=5,
    max_size=40,
)
_numbers = count()


class _KilledError(Exception):
    """The process is gone; what was not committed is rolled back."""


class Life:
    """One account, its stream of notifications, and the moment it is."""

    def __init__(self, store: Database, parts: int) -> None:
        self.store, self.now = store, NOW
        self.account = f"a{next(_numbers)}"
        self.stream: list[Notification] = []
        self.acknowledged = 0
        owner = an_account(self.account, parts=parts, cap=CAP)
        store.write(lambda c: accounts.upsert(c, [owner], "v", NOW))

    def mails(self, rule: str, many: int) -> None:
        """So many match a rule; every third says what another one said."""
        for number in range(many):
            n = next(_numbers)
            same = Dedupe(key=f"{rule}{n // 3}", for_=6 * HOUR) if number % 2 else None
            limits = RULES[rule].model_copy(update={"dedupe": same})
            self.stream.append(
                a_notification(
                    n, self.account, scope=self.account, rule=rule, limits=limits, title=f"T{n}", decided_at=self.now
                )
            )

    def route(self, how: str, many: int) -> None:
        """The router takes a batch from where it was acknowledged."""
        batch = [(each, a_quote()) for each in self.stream[self.acknowledged : self.acknowledged + many]]

        def work(connection: Any) -> None:
            inbox.take_in(connection, batch, EUR, self.now)
            if how == "torn":
                raise _KilledError

        if how == "torn":
            with pytest.raises(_KilledError):
                self.store.write(work)
            return
        self.store.write(work)
        if how == "done":
            self.acknowledged += len(batch)

    def wake(self, how: str) -> None:
        """The timer does what is due; killed on the way, it does it again once its lease is over."""
        if how == "done":
            while pass_time(self.store, self.now):
                pass
            return

        def kill() -> None:
            raise _KilledError

        with suppress(_KilledError):
            pass_time(self.store, self.now, last=kill)
        self.now += timedelta(seconds=61)

    def end(self) -> None:
        """Everything runs to its end."""
        self.route("done", len(self.stream))
        for _ in range(30):
            self.wake("done")
            self.now += 4 * HOUR

    def check(self) -> None:
        """Nothing too often, nothing lost, every cent in its place."""
        read = self.store.read
        assert read(ledger.differences) == []
        for table in (held, digest):
            open_ = sa.select(sa.func.count()).where(table.c.account_id == self.account)
            assert read(lambda c: c.execute(open_).scalar_one()) == 0  # noqa: B023
        ends = [self._end(each) for each in self.stream]
        assert {fate for fate, _ in ends} <= {Fate.QUEUED, Fate.DIGESTED, Fate.REFUSED}
        rows = read(
            lambda c: c.execute(sa.select(notification).where(notification.c.account_id == self.account)).all()
        )
        alone = [row for row in rows if row.reason == Reason.ADMITTED and row.action != "digest"]
        self._check_windows(alone)
        days = Counter(row.admitted_at.astimezone(ZONE).date() for row in alone)
        assert max(days.values(), default=0) <= CAP
        capped = Counter(row.admitted_at.astimezone(ZONE).date() for row in alone if row.rule == "capped")
        assert max(capped.values(), default=0) <= 2
        sent = read(
            lambda c: (
                c.execute(sa.select(message.c.notification_id).where(message.c.account_id == self.account))
                .scalars()
                .all()
            )
        )
        assert len(sent) == len(set(sent)), "one message for each"
        told = {row.id for row in rows if row.reason == Reason.ADMITTED}
        assert set(sent) == told
        for row in rows:
            if row.digest_id is not None and row.reason != Reason.NO_CREDIT:
                assert row.digest_id in told, "what was collected was told"

    def _end(self, each: Notification) -> tuple[Fate, Reason]:
        found = self.store.read(lambda c: receipts.of_notification(c, each.id))
        for before, after in zip(found, found[1:], strict=False):  # noqa: RUF007
            assert after.fate in FOLLOWS[before.fate]
        return found[-1].fate, found[-1].reason

    def _check_windows(self, alone: Sequence[Any]) -> None:
        moments: dict[str, list[datetime]] = defaultdict(list)
        for row in alone:
            moments[row.rule].append(row.admitted_at)
        for rule, told in moments.items():
            limit = RULES[rule].throttle
            if limit is not None:
                assert max(sum(at <= each < at + limit.per for each in told) for at in told) <= limit.max, rule


@given(parts=st.integers(0, 30), story=steps)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_never_too_many_and_nothing_lost_whatever_happens(store: Database, parts: int, story: Any) -> None:
    life = Life(store, parts)
    for kind, what, many in story:
        if kind == "mails":
            life.mails(what, many)
        elif kind == "time":
            life.now += timedelta(minutes=what)
        elif kind == "route":
            life.route(what, many)
        else:
            life.wake(what)
    life.end()
    life.check()

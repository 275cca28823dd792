"""What waits and what is told together: kept whole, woken and told once, and every notification has its end."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.channels.choose import choose
from engine.channels.tariff import Line, Tariff
from engine.digest import Gathered
from engine.money import Money
from engine.notification import Channel, Dedupe, Digest, Limits, Notification, Road, Throttle
from engine.quiet import QuietHours
from engine.quote import Quote
from engine.reason import Reason
from engine.receipt import FOLLOWS, SETTLED, Fate, Receipt
from engine.rules.together import tell_together
from engine.store import accounts, attempts, due, inbox, ledger, receipts, send_queue, story, summing, sweep, waking
from engine.store.database import Database
from engine.store.due import DueKind
from engine.store.tables import consent, digest, digest_item, held, message, message_content, notification, told
from tests.builders import ACCEPTED, NOW, PRICE, a_notification, a_quote, an_account, terms

EUR = "EUR"
HOUR = timedelta(hours=1)
TARIFF = Tariff(EUR, [Line("+32", PRICE, {"phone": 1})], email=Line("", Money(minor=0, currency=EUR), {"phone": 1}))
CARRIERS = {"phone": {Channel.SMS, Channel.EMAIL}}
#: 11:00 to 12:00 in Brussels: around NOW.
QUIET = QuietHours(start="11:00", end="12:00")
NOON = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
ANNA = an_account(parts=100)
MAIL = "anna@example.org"


def begin(store: Database, **account: Any) -> None:
    """Anna, with a mail address that agreed."""
    anna = an_account(**{"parts": 100, **account})
    store.write(lambda c: accounts.upsert(c, [anna], "v", NOW))
    row = {"account_id": "anna", "address": MAIL, "source": "configuration", "given_at": NOW}
    store.write(lambda c: c.execute(sa.insert(consent).values(**row)))


def take_in(store: Database, asked: Sequence[Notification], now: datetime = NOW) -> None:
    """What the router does."""
    pairs = [(each, choose(each, TARIFF, CARRIERS)) for each in asked]
    store.write(lambda c: inbox.take_in(c, pairs, EUR, now))


def pass_time(
    store: Database, now: datetime, gone: frozenset[str] = frozenset(), last: Callable[[], None] = lambda: None
) -> list[due.Due]:
    """What the one timer does with what was held or collected; the rules in `gone` were removed.

    `last` is called at the end of each transaction that does something.
    """

    def road(told: Notification) -> Quote | Reason:
        return Reason.RULE_WITHDRAWN if told.rule in gone else choose(told, TARIFF, CARRIERS)

    def compose(found: Gathered) -> tuple[Notification, Quote | Reason]:
        made = tell_together(found, ANNA, lambda _, rule: rule)
        return made, Reason.RULE_WITHDRAWN if found.key.rule in gone else choose(made, TARIFF, CARRIERS)

    taken = store.write(lambda c: due.take(c, now))
    ids = [UUID(each.key) for each in taken if each.kind is DueKind.HOLD]
    if ids:
        store.write(lambda c: (waking.wake(c, ids, road, EUR, now), last()))
    for each in taken:
        if each.kind is DueKind.DIGEST:
            store.write(lambda c: (summing.tell(c, UUID(each.key), compose, EUR, now), last()))  # noqa: B023
    return taken


def facts(store: Database, each: Notification) -> list[tuple[Fate, Reason]]:
    """What became of a notification, in order; what may not follow would be a defect."""
    found = store.read(lambda c: receipts.of_notification(c, each.id))
    for before, after in pairwise(found):
        assert after.fate in FOLLOWS[before.fate], found
    return [(fact.fate, fact.reason) for fact in found]


def last(store: Database, each: Notification) -> Receipt:
    """The last thing that is known of a notification."""
    return store.read(lambda c: receipts.of_notification(c, each.id))[-1]


def texts(store: Database) -> list[str]:
    """What is to be sent, in order."""
    rows = (
        sa.select(message_content.c.text)
        .join(message, message.c.id == message_content.c.message_id)
        .order_by(message.c.seq)
    )
    return list(store.read(lambda c: c.execute(rows).scalars().all()))


def count(store: Database, table: sa.Table) -> int:
    """How many rows a table has."""
    return int(store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()))


def _one(number: int = 1, **other: Any) -> Notification:
    limits = Limits(**{name: other.pop(name) for name in list(other) if name in Limits.model_fields})
    own = {
        "text": f"Text {number}",
        "title": f"Title {number}",
        "decided_at": NOW - timedelta(seconds=1000 - number),
    }
    return a_notification(number, limits=limits, **{**own, **other})


# ---- held


def test_a_held_message_wakes_when_quiet_hours_end(store: Database) -> None:
    begin(store)
    one = _one(quiet_hours=QUIET)
    take_in(store, [one])
    assert (facts(store, one), texts(store)) == ([(Fate.HELD, Reason.QUIET_HOURS)], [])
    assert last(store, one).detail == NOON.isoformat()
    assert store.read(lambda c: ledger.credits(c, "anna"))[0].held == 0, "nothing is reserved"
    assert pass_time(store, NOON - timedelta(seconds=1)) == []
    pass_time(store, NOON)
    assert facts(store, one) == [(Fate.HELD, Reason.QUIET_HOURS), (Fate.QUEUED, Reason.ADMITTED)]
    assert texts(store) == ["Text 1"]
    assert (count(store, held), pass_time(store, NOON + HOUR)) == (0, [])
    take_in(store, [one], NOON)
    assert texts(store) == ["Text 1"], "it is known"
    assert store.read(ledger.differences) == []


@pytest.mark.parametrize(
    ("other", "gone", "end"),
    [
        pytest.param({"not_after": NOON - HOUR / 2}, "", (Fate.EXPIRED, Reason.EXPIRED), id="too late by then"),
        pytest.param({}, "boss", (Fate.REFUSED, Reason.RULE_WITHDRAWN), id="its rule was removed"),
        pytest.param({"text": "x" * 161}, "", (Fate.REFUSED, Reason.TOO_LONG), id="no road by then"),
    ],
)
def test_what_is_no_longer_wanted_or_possible_is_not_told(
    store: Database, other: dict[str, Any], gone: str, end: tuple[Fate, Reason]
) -> None:
    begin(store)
    one = _one(quiet_hours=QUIET, **other)
    store.write(lambda c: inbox.take_in(c, [(one, a_quote())], EUR, NOW))
    pass_time(store, NOON, frozenset({gone}))
    assert facts(store, one) == [(Fate.HELD, Reason.QUIET_HOURS), end]
    assert (texts(store), count(store, held)) == ([], 0)


def test_waking_asks_all_gates_again_with_the_credit_of_that_moment(store: Database) -> None:
    begin(store, parts=3)
    same = Dedupe(key="k", for_=HOUR)
    many = [_one(n, quiet_hours=QUIET, dedupe=same if n < 2 else None, rule=f"r{n}") for n in range(6)]
    many[1] = _one(1, quiet_hours=QUIET, dedupe=same, rule="r0")
    take_in(store, many)
    take_in(store, [_one(9, rule="other")])  # pays with a part meanwhile
    pass_time(store, NOON)
    ends = [facts(store, each)[-1][1] for each in many]
    assert ends == [Reason.ADMITTED, Reason.DUPLICATE, Reason.ADMITTED] + [Reason.NO_CREDIT] * 3
    assert store.read(ledger.differences) == []


def test_a_held_message_that_is_throttled_on_waking_is_told_with_others(store: Database) -> None:
    begin(store)
    few = Throttle(max=1, per=HOUR)
    many = [_one(n, quiet_hours=QUIET, throttle=few) for n in range(4)]
    take_in(store, many)
    pass_time(store, NOON)
    assert [facts(store, each)[-1][0] for each in many] == [Fate.QUEUED] + [Fate.COLLECTED] * 3
    # An hour later; the digest's own quiet hours are over.
    pass_time(store, NOON + HOUR)
    assert texts(store)[1:] == ["3 messages: Title 1; Title 2; Title 3"]


# ---- told before


def test_the_same_is_told_once_in_its_period_and_again_when_it_could_not_be_paid(store: Database) -> None:
    begin(store, parts=2)
    same = {"dedupe": Dedupe(key="<1@x>", for_=HOUR)}
    first, twice, later = _one(1, **same), _one(2, **same), _one(3, **same)
    take_in(store, [first, twice])
    take_in(store, [later], NOW + HOUR)
    reasons = [facts(store, each)[-1][1] for each in (first, twice, later)]
    assert reasons == [Reason.ADMITTED, Reason.DUPLICATE, Reason.ADMITTED]
    other = {"dedupe": Dedupe(key="<2@x>", for_=HOUR)}
    take_in(store, [_one(4, **other)])
    assert facts(store, _one(4, **other))[-1][1] is Reason.NO_CREDIT
    store.write(lambda c: ledger.topup(c, "anna", PRICE, "k", NOW, "me"))
    take_in(store, [_one(5, **other)])
    assert facts(store, _one(5, **other))[-1][1] is Reason.ADMITTED


def test_what_is_remembered_says_nothing_and_is_forgotten(store: Database) -> None:
    begin(store)
    take_in(store, [_one(1, dedupe=Dedupe(key="secret subject", for_=HOUR), throttle=Throttle(max=1, per=HOUR))])
    rows = store.read(lambda c: c.execute(sa.select(told)).all())
    assert len(rows) == 2
    assert "secret" not in str(rows)
    store.write(lambda c: sweep.sweep(c, NOW + timedelta(days=2)))
    assert count(store, told) == 0


# ---- told together


def test_no_more_than_the_throttle_in_any_period_however_the_batches_fall(store: Database) -> None:
    begin(store, parts=1000)
    many = [_one(n, throttle=Throttle(max=3, per=HOUR)) for n in range(60)]
    for n, each in enumerate(many):
        take_in(store, [each], NOW + n * timedelta(minutes=5))
    admitted = [n * 5 for n, each in enumerate(many) if facts(store, each)[0][0] is Fate.QUEUED]
    assert max(sum(at <= each < at + 60 for each in admitted) for at in range(300)) == 3
    assert admitted[:7] == [0, 5, 10, 60, 65, 70, 120]


def test_what_is_throttled_is_told_by_one_message_when_there_is_room_again(store: Database) -> None:
    begin(store)
    many = [_one(n, throttle=Throttle(max=1, per=HOUR)) for n in range(4)]
    take_in(store, many[:2])
    take_in(store, many[2:], NOW + timedelta(minutes=1))
    assert texts(store) == ["Text 0"]
    pass_time(store, NOW + HOUR)
    assert texts(store) == ["Text 0", "3 messages: Title 1; Title 2; Title 3"]
    end = last(store, many[1])
    assert (end.fate, end.reason) == (Fate.DIGESTED, Reason.DIGEST)
    found = store.read(lambda c: story.digest(c, UUID(end.detail)))
    assert found is not None
    assert found[1] == 3
    assert end.message_id == found[0].messages[0].row.id, "the receipt names the message that told it"
    assert (count(store, digest), count(store, digest_item)) == (0, 0)
    assert store.read(ledger.differences) == []


def test_a_rule_with_a_digest_tells_nothing_alone_and_each_receiver_apart(store: Database) -> None:
    begin(store)
    gathered = {"digest": Digest(every=HOUR, max_items=2)}
    many = [_one(n, recipient=("me", "bert")[n % 2], **gathered) for n in range(8)]
    take_in(store, many)
    assert (texts(store), count(store, digest), count(store, digest_item)) == ([], 2, 4)
    pass_time(store, NOW + HOUR)
    assert sorted(texts(store)) == [
        "4 messages: Title 0; Title 2, and 2 more",
        "4 messages: Title 1; Title 3, and 2 more",
    ]
    take_in(store, [_one(9, **gathered)], NOW + HOUR)
    assert count(store, digest) == 1, "the next window"


def test_a_digest_waits_for_the_end_of_quiet_hours_and_collects_on(store: Database) -> None:
    begin(store)
    night = {"digest": Digest(every=HOUR), "quiet_hours": QuietHours(start="11:30", end="14:00")}
    take_in(store, [_one(1, **night), _one(2, **night)])
    pass_time(store, NOW + HOUR)
    assert texts(store) == []
    morning = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
    pass_time(store, morning)
    assert texts(store) == ["2 messages: Title 1; Title 2"]


@pytest.mark.parametrize(
    ("account", "gone", "reason"),
    [
        pytest.param({"parts": 0}, "", Reason.NO_CREDIT, id="no credit"),
        pytest.param({}, "boss", Reason.RULE_WITHDRAWN, id="its rule was removed"),
        pytest.param({"numbers": ()}, "", Reason.NO_CONSENT, id="consent was withdrawn"),
    ],
)
def test_a_digest_that_cannot_be_told_says_so_for_all_that_it_holds(
    store: Database, account: dict[str, Any], gone: str, reason: Reason
) -> None:
    begin(store)
    many = [_one(n, digest=Digest(every=HOUR), dedupe=Dedupe(key=str(n), for_=HOUR * 9)) for n in range(3)]
    take_in(store, many)
    store.write(lambda c: accounts.upsert(c, [an_account(**{"parts": 0, **account})], "v", NOW))
    if reason is Reason.NO_CREDIT:  # the plan was granted already
        take_in(store, [_one(n + 50, rule="spender") for n in range(100)])
    pass_time(store, NOW + HOUR, frozenset({gone}))
    assert [facts(store, each)[-1] for each in many] == [(Fate.REFUSED, reason)] * 3
    assert {row.reason for row in _rows(store, many)} == {reason.value}
    store.write(lambda c: accounts.upsert(c, [an_account(parts=200)], "v", NOW))
    again = _one(7, digest=Digest(every=HOUR), dedupe=Dedupe(key="1", for_=HOUR * 9))
    take_in(store, [again], NOW + HOUR)
    assert facts(store, again) == [(Fate.COLLECTED, Reason.DIGEST)], "it was never told"


def _rows(store: Database, many: Sequence[Notification]) -> Sequence[Any]:
    where = notification.c.id.in_([each.id for each in many])
    return store.read(lambda c: c.execute(sa.select(notification).where(where)).all())


# ---- caps


def test_beyond_the_caps_one_digest_soon_and_one_at_midnight(store: Database) -> None:
    begin(store, parts=1000, cap=5)
    many = [_one(n, daily=3, rule="loud") for n in range(6)] + [_one(n, daily=3, rule="other") for n in range(6, 12)]
    take_in(store, many)
    reasons = [facts(store, each)[0][1] for each in many]
    assert reasons == [Reason.ADMITTED] * 3 + [Reason.RULE_CAP] * 3 + [Reason.ADMITTED] * 2 + [Reason.DAILY_CAP] * 4
    pass_time(store, NOW + timedelta(minutes=10))
    assert sorted(texts(store)[5:]) == [
        "Limit reached, 3 more messages not sent one by one: loud (3)",
        "Limit reached, 4 more messages not sent one by one: other (4)",
    ]
    more = [_one(n, daily=3, rule="loud") for n in range(20, 30)]
    take_in(store, more, NOW + HOUR)
    pass_time(store, NOW + HOUR * 5)
    assert len(texts(store)) == 7
    midnight = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    pass_time(store, midnight)
    assert texts(store)[7:] == ["Limit reached, 10 more messages not sent one by one: loud (10)"]
    tomorrow = _one(40, daily=3, rule="loud")
    take_in(store, [tomorrow], midnight)
    assert facts(store, tomorrow) == [(Fate.QUEUED, Reason.ADMITTED)]
    assert store.read(ledger.differences) == []


def test_a_storm_costs_the_cap_and_one_message_and_takes_no_room(store: Database) -> None:
    begin(store, parts=10_000, cap=20)
    for start in range(0, 10_000, 500):
        now = NOW + timedelta(milliseconds=6 * start)
        take_in(store, [_one(n) for n in range(start, start + 500)], now)
    assert (len(texts(store)), count(store, digest), count(store, digest_item)) == (20, 1, 50)
    pass_time(store, NOW + timedelta(minutes=11))
    assert texts(store)[20:] == ["Limit reached, 9980 more messages not sent one by one: boss (9980)"]
    ends = sa.text("SELECT fate, count(*) FROM receipt WHERE fate <> 'collected' GROUP BY fate ORDER BY fate")
    assert store.read(lambda c: [tuple(row) for row in c.execute(ends)]) == [("digested", 9980), ("queued", 21)]
    credit = store.read(lambda c: ledger.credits(c, "anna"))[0]
    assert (credit.available, credit.held) == (10_000 - 21, 21)
    assert store.read(ledger.differences) == []


# ---- other roads


def test_a_mail_at_no_price_passes_the_whole_line_and_no_ledger(store: Database) -> None:
    begin(store, parts=0)
    mail = Road(channel=Channel.EMAIL, address=MAIL, text="By mail")
    one = _one(address="+33612345678", otherwise=(mail,))
    take_in(store, [one])
    [claim] = store.write(lambda c: send_queue.claim(c, terms(), 10, lambda: NOW)).claims
    sent = claim.message
    assert (sent.channel, sent.address, sent.text) == (Channel.EMAIL, MAIL, "By mail")
    row = store.read(lambda c: c.execute(sa.select(message)).one())
    assert (row.bucket_id, row.units, row.price) == (None, 0, 0)
    store.write(lambda c: attempts.answer(c, claim, ACCEPTED, terms()["phone"], NOW, HOUR))
    assert facts(store, one)[-1] == (Fate.SENT, Reason.ACCEPTED)
    found = store.read(lambda c: story.notifications(c, one.event_id))
    assert (found[0].messages[0].bucket, found[0].messages[0].unit) == ("", "")
    assert store.read(ledger.differences) == []


def test_every_end_is_settled() -> None:
    ends = {fate for fate, then in FOLLOWS.items() if not then}
    assert ends <= SETTLED

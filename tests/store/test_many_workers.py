"""Several processes on one PostgreSQL: what one machine promises, all of them keep together."""

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.errors import StoreError
from engine.money import Money
from engine.notification import Lane
from engine.store import accounts, inbox, ledger, receipts, revision, send_queue
from engine.store.database import Database
from engine.store.tables import attempt, configuration, limit_state, message, notification, transfer
from tests.builders import NOW, PRICE, a_notification, a_quote, an_account, terms
from tests.servers.postgres import PostgresServer
from tests.store.workers import most_in_a_second

ROOT = Path(__file__).parents[2]
#: Nine interpreters that start at once take their time on two cores.
pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


@pytest.fixture
def url(postgres: PostgresServer, template: str) -> Iterator[str]:
    """A store on PostgreSQL."""
    url = postgres.create(template)
    yield url
    postgres.drop(url)


@pytest.fixture
def store(url: str) -> Iterator[Database]:
    """That store, open."""
    database = Database(url)
    yield database
    database.close()


def _together(*workers: Sequence[object]) -> list[str]:
    """Run these workers at once; answers what they printed, line by line."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.store.workers", *(str(word) for word in each)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for each in workers
    ]
    try:
        said = [each.communicate(timeout=200) for each in running]
    finally:
        for each in running:
            each.kill()
    assert [(each.returncode, words[1]) for each, words in zip(running, said, strict=True)] == [(0, "")] * len(
        running
    )
    return [line for words, _ in said for line in words.splitlines()]


def test_eight_processes_with_credit_for_500_admit_exactly_500_of_1000(url: str, store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account()], "v", NOW))
    credit = Money(minor=PRICE.minor * 500, currency="EUR")
    store.write(lambda c: ledger.topup(c, "anna", credit, "first", NOW, "test"))
    # Each has 250 of the 1,000 in hand: every one is asked for by two processes, as after a rebalance.
    _together(*(("spend", url, n * 125, n * 125 + 250 if n < 7 else 1000) for n in range(8)), ("spend", url, 0, 125))
    reasons = store.read(
        lambda c: c.execute(sa.select(notification.c.reason, sa.func.count()).group_by(notification.c.reason)).all()
    )
    assert dict(reasons) == {"admitted": 500, "no_credit": 500}
    [balance] = store.read(lambda c: ledger.credits(c, "anna"))
    assert (balance.available, balance.held) == (0, 500 * PRICE.minor)
    assert store.read(ledger.differences) == []
    seqs = store.read(lambda c: c.execute(sa.select(message.c.seq)).scalars().all())
    assert len(set(seqs)) == 500
    assert store.read(lambda c: c.execute(sa.select(limit_state.c.count)).scalar_one()) == 500
    assert len(store.read(lambda c: receipts.unpublished(c, 2000))) == 1000


def test_workers_that_start_at_once_on_an_empty_database_make_it_once(postgres: PostgresServer) -> None:
    url = postgres.create()
    _together(*(("begin", url, f"v{n}") for n in range(4)))
    store = Database(url)
    revision.ensure(store)
    assert store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(configuration)).scalar_one()) == 1
    assert store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM account")).scalar_one()) == 20
    store.close()


def test_three_workers_never_pass_eleven_in_a_second_through_a_provider_at_ten(url: str, store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=1000)], "v", NOW))
    told = [(a_notification(n), a_quote()) for n in range(60)]
    store.write(lambda c: inbox.take_in(c, told, "EUR", NOW))
    calls = [line.split() for line in _together(*([("deliver", url, 10)] * 3))]
    assert Counter(ref for _, ref in calls) == Counter(
        store.read(lambda c: c.execute(sa.select(attempt.c.client_ref)).scalars().all())
    )
    assert len(calls) == 60
    # What a machine that stood still does late, it does at once: the pace is that of the moments given out.
    lapses = store.read(lambda c: c.execute(sa.select(attempt.c.client_ref, attempt.c.lease_until)).all())
    moments = {row.client_ref: (row.lease_until - terms()["phone"].lease).timestamp() for row in lapses}
    assert most_in_a_second(list(moments.values())) <= 11
    assert [ref for at, ref in calls if float(at) < moments[ref]] == []


def test_lane_3_is_served_once_in_twelve_under_a_flood_of_lane_1_whoever_claims(url: str, store: Database) -> None:
    told = [a_notification(n, lane=Lane.URGENT) for n in range(60)] + [
        a_notification(100 + n, lane=Lane.BULK) for n in range(10)
    ]
    store.write(lambda c: accounts.upsert(c, [an_account(parts=1000)], "v", NOW))
    store.write(lambda c: inbox.take_in(c, [(each, a_quote()) for each in told], "EUR", NOW))
    others = [store, Database(url), Database(url)]
    lanes = []
    for n in range(48):
        [claim] = others[n % 3].write(lambda c: send_queue.claim(c, terms(), 1, lambda: NOW)).claims
        row = sa.select(message.c.lane).where(message.c.id == claim.message.id)
        lanes.append(store.read(lambda c: c.execute(row).scalar_one()))  # noqa: B023
    assert all(3 in lanes[start : start + 12] for start in range(len(lanes) - 11))
    assert lanes.count(1) >= 40
    for other in others[1:]:
        other.close()


def test_what_one_worker_has_in_hand_no_other_claims(url: str, store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=1000)], "v", NOW))
    told = [(a_notification(n), a_quote()) for n in range(300)]
    store.write(lambda c: inbox.take_in(c, told, "EUR", NOW))
    claimed: list[str] = []

    def work() -> None:
        mine = Database(url)
        while claims := mine.write(lambda c: send_queue.claim(c, terms(), 7, lambda: NOW)).claims:
            claimed.extend(each.client_ref for each in claims)
        mine.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert (len(claimed), len(set(claimed))) == (300, 300)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restarted", "crashed"])
def test_what_was_acknowledged_is_there_after_the_server_went_down_in_the_middle(how: signal.Signals) -> None:
    with PostgresServer.running() as server:
        store = Database(server.create())
        revision.ensure(store)
        store.write(lambda c: accounts.upsert(c, [an_account(parts=100_000)], "v", NOW))
        acknowledged: set[int] = set()
        refused: list[StoreError] = []
        ending = threading.Event()

        def ask(share: int) -> None:
            number = share
            while not ending.is_set():
                asked = [(a_notification(number), a_quote())]
                try:
                    store.write(lambda c: inbox.take_in(c, asked, "EUR", NOW), touching=("anna",))  # noqa: B023
                except StoreError as error:
                    refused.append(error)
                    time.sleep(0.05)
                else:
                    acknowledged.add(number)
                    number += 4

        askers = [threading.Thread(target=ask, args=(share,)) for share in range(4)]
        for each in askers:
            each.start()
        for restart in range(2):
            _wait(lambda: len(acknowledged) > 50 * (1 + 2 * restart))  # noqa: B023
            server.kill_backends()
            _wait(lambda: len(acknowledged) > 50 * (2 + 2 * restart))  # noqa: B023
            server.restart(how)
        before = len(acknowledged)
        _wait(lambda: len(acknowledged) > before + 50)
        ending.set()
        for each in askers:
            each.join()
        kept = set(store.read(lambda c: c.execute(sa.select(notification.c.id)).scalars()))
        assert {a_notification(number).id for number in acknowledged} <= kept
        assert store.read(ledger.differences) == []
        assert {error.place.split("/")[0] for error in refused} <= {f"127.0.0.1:{server.port}"}
        store.close()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_server_that_is_down_is_named_without_its_password_and_with_what_to_do(postgres: PostgresServer) -> None:
    store = Database("postgresql://anna:geheim@127.0.0.1:9/tocsin")
    with pytest.raises(StoreError, match="Connection refused") as refused:
        revision.ensure(store)
    assert str(refused.value).startswith("127.0.0.1:9/tocsin: the database failed")
    assert "see that it runs" in refused.value.remedy
    assert "geheim" not in str(refused.value)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9/tocsin"):
        store.write(lambda c: None)
    store.close()


def test_a_database_or_a_user_that_is_not_there_is_named_with_the_command_that_makes_it(
    postgres: PostgresServer,
) -> None:
    for url, remedy in (
        (postgres.url("absent"), "createdb absent"),
        (postgres.url().replace("tocsin@", "nobody@"), "createuser"),
    ):
        store = Database(url)
        with pytest.raises(StoreError, match="PostgreSQL refuses") as refused:
            revision.ensure(store)
        assert remedy in refused.value.remedy
        store.close()


def test_two_workers_that_touch_the_same_accounts_in_different_orders_both_get_through(
    url: str, store: Database
) -> None:
    names = [f"a{n}" for n in range(12)]
    store.write(lambda c: accounts.upsert(c, [an_account(name, parts=1000) for name in names], "v", NOW))
    other = Database(url)

    def work(database: Database, order: Sequence[str], first: int) -> None:
        for start in range(0, 60, 4):
            asked = [
                (a_notification(first + start + n, account=order[(start + n) % 12]), a_quote()) for n in range(4)
            ]
            # Half of them do not say what they touch, and get a transaction of their own.
            touching = {told.account for told, _ in asked} if start % 8 else None
            database.write(lambda c: inbox.take_in(c, asked, "EUR", NOW), touching)  # noqa: B023

    workers = [
        threading.Thread(target=work, args=(database, order, 100 * (2 * n + turn)))
        for turn, order in enumerate((names, names[::-1]))
        for n, database in enumerate((store, other))
    ]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    moved = store.read(
        lambda c: c.execute(sa.select(sa.func.count()).where(transfer.c.kind == "reserve")).scalar_one()
    )
    assert moved == 240
    assert store.read(ledger.differences) == []
    other.close()


def test_a_nul_from_outside_is_no_reason_to_stop(store: Database) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW))
    told = a_notification(1, text="a\0b")
    store.write(lambda c: inbox.take_in(c, [(told, a_quote())], "EUR", NOW))
    [claim] = store.write(lambda c: send_queue.claim(c, terms(), 1, lambda: NOW)).claims
    assert claim.message.text == "a\ufffdb"

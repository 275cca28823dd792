"""What waits for the files of its mail, on both databases: leased, put off, let go."""

from datetime import timedelta

from engine.store import enclosing
from engine.store.database import Database
from tests.builders import NOW, a_notification

TWO = (a_notification(1), a_notification(1, recipient="jan"))
SECOND = timedelta(seconds=1)


def taken(store: Database, at: timedelta = timedelta(0)) -> list[set[str]]:
    found = store.write(lambda c: enclosing.take(c, NOW + at, 10))
    return [{told.recipient for told in each.told} for each in found]


def test_all_that_is_told_of_one_mail_is_taken_together_by_one_worker(store: Database) -> None:
    for _ in range(2):  # brought again, it waits once
        store.write(lambda c: enclosing.put(c, [*TWO, a_notification(2)], NOW))
    assert sorted(taken(store), key=len) == [{"me"}, {"me", "jan"}]
    assert taken(store) == []


def test_what_a_dead_worker_had_is_free_after_its_lease(store: Database) -> None:
    store.write(lambda c: enclosing.put(c, TWO, NOW))
    assert len(taken(store)) == 1
    assert store.read(enclosing.next_at) == NOW + enclosing.LEASE
    assert len(taken(store, enclosing.LEASE + SECOND)) == 1


def test_what_is_put_off_comes_at_its_time_with_its_tries_and_ends(store: Database) -> None:
    store.write(lambda c: enclosing.put(c, TWO, NOW))
    taken(store)
    store.write(lambda c: enclosing.postpone(c, TWO, 2, NOW + 30 * SECOND))
    assert taken(store, 29 * SECOND) == []
    [again] = store.write(lambda c: enclosing.take(c, NOW + 30 * SECOND, 10))
    assert again.tries == 2
    store.write(lambda c: enclosing.end(c, TWO))
    assert store.read(enclosing.next_at) is None

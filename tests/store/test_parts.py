"""Parts of long texts in the store, on both databases: what is kept outlives its keeper, and two workers agree."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from engine.coding import Coding
from engine.heard import MISSING, Heard
from engine.part import LIFE, PATIENCE, Part
from engine.store import due, parts, sweep
from engine.store.database import Database
from engine.store.due import DueKind
from engine.store.tables import text_part
from tests.builders import NOW, a_part
from tests.store.conftest import Fresh

SECOND = timedelta(seconds=1)


def take(store: Database, *brought: Part) -> list[Heard]:
    """Keep parts, hand over what they make whole, and note it; what has to go first goes first."""
    said: list[Heard] = []
    left: Sequence[Part] = brought
    while left:
        now, these = left[-1].at, left
        texts, left = store.write(lambda c: parts.keep(c, these))  # noqa: B023
        broken = {each.text_id for each in left}
        ready = [(each, each.read() if each.id in broken else each.join(now)) for each in texts]
        said += [heard for _, heard in ready if heard is not None]
        over = [text for text, heard in ready if heard is not None]
        store.write(lambda c: parts.tell(c, over, now))  # noqa: B023
    return said


def waiting(store: Database) -> list[datetime]:
    """When texts are handed over as they are."""
    rows = sa.select(due.due.c.at).where(due.due.c.kind == DueKind.PART.value)
    return list(store.read(lambda c: c.execute(rows).scalars()))


def kept(store: Database) -> int:
    return store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(text_part)).scalar_one())


def test_a_part_outlives_the_process_that_kept_it(fresh: Fresh, store: Database) -> None:
    assert take(store, a_part(2, b"\xd8\x3d", total=3, coding=Coding.UCS2)) == []
    assert take(store, a_part(1, "a", total=3, sender="x\0y", at=NOW)) == []
    store.close()
    other = Database(store.url)
    try:
        assert take(other, a_part(3, b"\xdc\x4d", total=3, coding=Coding.UCS2)) == []
        assert waiting(other) == [NOW + PATIENCE] * 2
        [whole] = take(other, a_part(1, "a ", total=3))
        assert whole.text == "a 👍"
        assert waiting(other) == [NOW + PATIENCE]
    finally:
        other.close()


def test_a_crash_before_it_is_noted_hands_over_the_same_text_again(store: Database) -> None:
    brought = [a_part(1, "a"), a_part(2, "b", at=NOW + SECOND)]
    [text], left = store.write(lambda c: parts.keep(c, brought))
    assert not left
    late = [each.model_copy(update={"at": NOW + 60 * SECOND}) for each in brought]
    assert take(store, late[1]) == [text.join(NOW)]
    assert take(store, *late) == []
    assert waiting(store) == []


def test_texts_under_one_reference_in_one_batch_are_told_in_turn(store: Database) -> None:
    words = ["a1", "a2", "b1", "c1", "c2"]
    brought = [a_part(int(word[1]), word, at=NOW + n * SECOND) for n, word in enumerate(words)]
    assert [each.text for each in take(store, *brought)] == ["a1a2", f"b1 {MISSING}", "c1c2"]
    assert waiting(store) == []


def test_a_part_that_came_while_its_text_was_handed_over_is_not_taken_for_told(store: Database) -> None:
    [text], _ = store.write(lambda c: parts.keep(c, [a_part(1, "a")]))
    store.write(lambda c: parts.keep(c, [a_part(2, "b", at=NOW + SECOND)]))
    store.write(lambda c: parts.tell(c, [text], NOW + PATIENCE))
    assert len(waiting(store)) == 1
    store.write(lambda c: parts.keep(c, [a_part(1, "c", at=NOW + 2 * SECOND)]))
    store.write(lambda c: parts.tell(c, [text], NOW + PATIENCE))
    again = store.read(lambda c: parts.find(c, text.id)).join(NOW)
    assert again is not None
    assert again.text == "cb"


def test_what_was_handed_over_is_deleted_after_its_life_and_nothing_else_is(store: Database) -> None:
    take(store, a_part(1, "a"), a_part(2, "b"))
    take(store, a_part(1, "c", reference=8))
    store.write(lambda c: sweep.sweep(c, NOW + LIFE))
    assert kept(store) == 3
    store.write(lambda c: sweep.sweep(c, NOW + 10 * LIFE))
    assert kept(store) == 1


@pytest.mark.parametrize("turn", range(5))
def test_two_workers_that_each_get_a_part_hand_over_one_text(store: Database, turn: int) -> None:
    other, start = Database(store.url), Barrier(2)
    texts = range(20)

    def work(database: Database, number: int) -> list[Heard]:
        start.wait()
        return [heard for n in texts for heard in take(database, a_part(number, str(number), reference=n))]

    try:
        with ThreadPoolExecutor(2) as pool:
            said = [pool.submit(work, database, n) for n, database in ((1, store), (2, other))]
            found = [heard for each in said for heard in each.result()]
    finally:
        other.close()
    assert {heard.text for heard in found} == {"12"}
    assert len({heard.provider_ref for heard in found}) == len(texts)
    assert waiting(store) == []

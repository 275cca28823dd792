"""The files of messages, on both databases."""

from datetime import timedelta
from uuid import UUID

from engine.medium import PNG, Medium
from engine.store import media
from engine.store.database import Database
from engine.store.media import Kept
from tests.builders import NOW

BYTES = b"\x89PNG\r\n\x1a\n\0\xff" * 1000
DAY = timedelta(days=1)


def a_file(number: int, body: bytes = BYTES) -> Kept:
    return Kept(Medium(id=UUID(int=number), name=f"å{number}.png", media_type=PNG, body=body), None, NOW + DAY)


def test_a_file_comes_back_byte_for_byte_and_the_first_one_stays(store: Database) -> None:
    store.write(lambda c: media.keep(c, "anna", [a_file(1), a_file(2)]))
    store.write(lambda c: media.keep(c, "anna", [a_file(1, b"another")]))
    found = store.read(lambda c: media.find(c, [UUID(int=1), UUID(int=3)]))
    assert found == {UUID(int=1): a_file(1)}


def test_its_pages_are_counted_once_it_is_known(store: Database) -> None:
    store.write(lambda c: media.keep(c, "anna", [a_file(1)]))
    store.write(lambda c: media.count_pages(c, {UUID(int=1): 3}))
    assert store.read(lambda c: media.find(c, [UUID(int=1)]))[UUID(int=1)].pages == 3


def test_it_is_deleted_after_its_time_and_no_sooner(store: Database) -> None:
    store.write(lambda c: media.keep(c, "anna", [a_file(1)]))
    for now, left in ((NOW + DAY, 1), (NOW + DAY + timedelta(seconds=1), 0)):
        store.write(lambda c: media.sweep(c, now))  # noqa: B023
        assert len(store.read(lambda c: media.find(c, [UUID(int=1)]))) == left

"""A store moves whole to either database, and goes on there with ids of its own."""

from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.money import Money
from engine.store import accounts, dead_letters, inbox, ledger, moving, revision, send_queue
from engine.store.database import Database
from tests.agents.test_alarm import _letter
from tests.builders import NOW, a_notification, a_quote, an_account, terms
from tests.store.conftest import Fresh

EUR = "EUR"


def _lived(folder: Path) -> Database:
    source = Database(f"sqlite:///{folder}/old.db")
    revision.ensure(source)
    source.write(lambda c: accounts.upsert(c, [an_account(parts=5)], "v", NOW))
    source.write(lambda c: ledger.topup(c, "anna", Money.parse("1", EUR), "p", NOW, "test"))
    source.write(lambda c: inbox.take_in(c, [(a_notification(n), a_quote()) for n in range(4)], EUR, NOW))
    source.write(lambda c: dead_letters.bury(c, _letter(1, value=b"\x00\xff")))
    return source


def test_everything_arrives_and_life_goes_on(fresh: Fresh, tmp_path: Path) -> None:
    source, target = _lived(tmp_path), Database(fresh())
    try:
        rows = moving.copy(source, target)
        assert (rows["message"], rows["dead_letter"], rows["account"]) == (4, 1, 1)
        assert source.read(moving.counts) == target.read(moving.counts) == rows
        assert target.read(dead_letters.all_letters) == source.read(dead_letters.all_letters)
        # New rows get numbers after the ones that came with theirs, and what came once is known.
        target.write(lambda c: inbox.take_in(c, [(a_notification(n), a_quote()) for n in range(2, 7)], EUR, NOW))
        assert target.read(moving.counts)["message"] == 7
        target.write(lambda c: send_queue.claim(c, terms(), 10, lambda: NOW))
        assert target.read(moving.counts)["attempt"] == 7
        assert target.read(ledger.differences) == []
        with pytest.raises(StoreError, match="the target is not empty"):
            moving.copy(source, target)
    finally:
        source.close()
        target.close()


def test_a_ledger_that_is_wrong_is_not_moved(fresh: Fresh, tmp_path: Path) -> None:
    source, target = _lived(tmp_path), Database(fresh())
    try:
        source.write(
            lambda c: c.exec_driver_sql("UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'held'")
        )
        with pytest.raises(StoreError, match="the ledger differs"):
            moving.copy(source, target)
    finally:
        source.close()
        target.close()

"""A store of an earlier version keeps what it holds when it is migrated."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command

from engine.store import ledger, revision
from engine.store.database import Database
from tests.store.conftest import Fresh

#: As the first version wrote them: an account, a message that was tried once and its money.
LIFE = """
INSERT INTO account VALUES ('anna', 'nl', 'Europe/Brussels', 1, 20, false, '2026-11');
INSERT INTO ledger_account (id, account_id, kind, period, unit, balance) VALUES
    (1, 'anna', 'source_grant', '2026-11', 'part', -1), (2, 'anna', 'allowance', '2026-11', 'part', 0),
    (3, 'anna', 'held', '2026-11', 'part', 1);
INSERT INTO transfer (id, key, debit, credit, units, kind, message_id, at, actor, note) VALUES
    (1, 'g', 1, 2, 1, 'grant', NULL, 1, 'tocsin', ''), (2, 'r', 2, 3, 1, 'reserve', {id}, 1, 'tocsin', '');
INSERT INTO notification VALUES ({id}, {id}, 'anna', 'anna', 'boss', 'sms', 'me', 'v', 'admitted', 1, 1);
INSERT INTO message VALUES ({id}, 1, {id}, 'anna', 'sms', 'phone', 2, 1, 800, 'EUR', '+32', 2, 1, 'sending', false, 1,
    0, 'hold', NULL, 1);
INSERT INTO attempt VALUES ({id}, 1, 'ref', 'phone', 'in_flight', '', 1, 2, NULL, '', '')
"""
ID = "00000000-0000-0000-0000-000000000001"


def test_messages_and_their_attempts_outlive_the_table_that_held_them(fresh: Fresh, tmp_path: Path) -> None:
    store = Database(fresh())
    try:
        _begin_at(store, "0003")
        shown = ID if store.engine.dialect.name == "postgresql" else ID.replace("-", "")
        for statement in LIFE.format(id=f"'{shown}'").split(";"):
            store.write(lambda c: c.execute(sa.text(statement)))  # noqa: B023
        assert revision.migrate(store) == store.read(
            lambda c: c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        )
        for table in ("message", "attempt", "notification"):
            query = sa.text(f"SELECT count(*) FROM {table}")
            assert store.read(lambda c: c.execute(query).scalar_one()) == 1  # noqa: B023
        assert store.read(ledger.differences) == []
    finally:
        store.close()


def _begin_at(store: Database, version: str) -> None:
    """An empty store of an earlier version, whatever stands in it."""
    if store.engine.dialect.name == "postgresql":
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            store.write(lambda c: c.execute(sa.text(statement)))  # noqa: B023
    store.write(lambda c: command.upgrade(revision._config(c), version))

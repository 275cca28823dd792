"""One writer, group commit, and clear words when the disk or another process is in the way."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from engine.errors import StoreError
from engine.store import accounts, revision
from engine.store.database import Database, shown
from engine.store.tables import metadata
from tests.builders import NOW, an_account


def _count(store: Database) -> int:
    return store.read(lambda c: c.execute(sa.text("SELECT count(*) FROM account")).scalar_one())


def test_migrations_build_exactly_the_tables(store: Database) -> None:
    assert store.read(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []


def test_a_store_of_another_revision_is_refused_with_the_command_that_mends_it(store: Database) -> None:
    store.write(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '0000'")))
    with pytest.raises(StoreError, match=r"at revision 0000[\s\S]*tocsin db migrate") as refused:
        revision.ensure(store)
    assert refused.value.place == shown(store.url)


def test_one_bad_unit_of_work_fails_alone_and_the_others_of_its_group_are_kept(store: Database) -> None:
    started = threading.Event()
    go_on = threading.Event()

    def slow(connection: sa.Connection) -> None:
        started.set()
        go_on.wait(60)

    first = threading.Thread(target=lambda: store.write(slow))
    first.start()
    started.wait(60)
    # These gather behind the slow one and so share a transaction.
    good = [store._submit(lambda c, n=n: accounts.upsert(c, [an_account(f"a{n}")], "v", NOW)) for n in range(3)]
    bad = store._submit(lambda c: c.execute(sa.text("INSERT INTO account (id) VALUES (NULL)")))
    go_on.set()
    first.join()
    assert [each.result(60) for each in good] == [None] * 3
    with pytest.raises(sa.exc.IntegrityError):
        bad.result(60)
    assert _count(store) == 3


def test_a_reader_cannot_write(store: Database) -> None:
    with pytest.raises(StoreError, match=r"read-?only"):
        store.read(lambda c: c.execute(sa.text("DELETE FROM account")))


def test_a_missing_folder_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"absent: the folder does not exist[\s\S]*mkdir -p"):
        Database(f"sqlite:///{tmp_path}/absent/store.db")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        if os.environ.get("TOCSIN_REQUIRE") == "all":
            pytest.fail(f"cannot mount a small disk: {done.stderr.strip()}")
        pytest.skip("needs root to mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_named_and_loses_nothing_that_was_acknowledged(small_disk: Path) -> None:
    store = Database(f"sqlite:///{small_disk}/store.db")
    revision.ensure(store)
    kept = 0
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize - 64 * 1024))
    with pytest.raises(StoreError, match=r"store\.db: the disk is full"):  # noqa: PT012
        while True:
            name = f"account-{kept:05d}"
            store.write(lambda c: accounts.upsert(c, [an_account(name)], "v", NOW))  # noqa: B023
            kept += 1
    assert _count(store) == kept
    ballast.unlink()
    store.write(lambda c: accounts.upsert(c, [an_account("after")], "v", NOW))
    assert _count(store) == kept + 1
    store.close()


def test_another_process_that_writes_is_waited_for(store: Database, tmp_path: Path) -> None:
    script = (
        "import sqlite3, sys, time\n"
        f"c = sqlite3.connect({str(tmp_path / 'store.db')!r}, isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(0.5); c.execute('COMMIT')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        store.write(lambda c: accounts.upsert(c, [an_account()], "v", NOW))
        assert other.wait(60) == 0
    assert _count(store) == 1

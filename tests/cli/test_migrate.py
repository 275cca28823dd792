"""`tocsin migrate`: everything arrives with its ids, where it came from is untouched, and it refuses in time."""

import os
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.store import ledger, moving
from engine.store.database import Database
from engine.transport.lock import lock
from engine.transport.log import Log
from engine.transport.record import Entry
from engine.transport.unread import unread
from tests.builders import PHONE, write_starter
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RULES = "version: 1\nrules: [{name: Alarm, when: {subject: alarm}, notify: {to: me, text: '{subject}'}}]\n"


def _tocsin(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["-c", str(config), "migrate", *arguments])


@pytest.fixture
async def lived(tmp_path: Path) -> Installation:
    """An installation that has told of two mails, and was stopped."""
    installation = Installation(tmp_path)
    async with PymapServer.running(users=1) as server:
        try:
            await installation.start_phone()
            installation.write([Person("anna", PHONE, "u1", parts=1, credit="1", rules=RULES)], server)
            await installation.start_engine()
            await installation.watching(1)
            for word in ("alarm 1", "hello", "alarm 2"):
                await server.deliver("u1", letter(word))
            await installation.until(lambda: installation.count("message", "fate = 'delivered'") == 2, "two reports")
            await installation.until(lambda: installation.count("decision") == 3, "three decisions")
            assert await installation.end_engine() == 0
        finally:
            await installation.close()
    return installation


async def test_a_store_arrives_whole_and_the_old_one_is_untouched(lived: Installation, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/new/store.db"
    (tmp_path / "new").mkdir()
    old = tmp_path / "var" / "store.db"
    before = old.read_bytes()
    # While an engine could write, nothing is copied.
    held = lock(tmp_path / "var" / "stream.db")
    refused = _tocsin(lived.config, "--to", f"store={target}")
    os.close(held)
    assert refused.exit_code == 1
    assert "another `tocsin run` holds this stream" in refused.stderr

    done = _tocsin(lived.config, "--to", "stream=kafka://kafka:9092", f"store={target}")
    assert done.exit_code == 0, done.output
    assert "counts and ledger agree" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["stream: kafka://kafka:9092", f"store: {target}"]
    assert old.read_bytes() == before
    one, other = Database(f"sqlite:///{old}"), Database(target)
    try:
        assert one.read(moving.counts) == other.read(moving.counts)
        assert one.read(lambda c: ledger.credits(c, "anna")) == other.read(lambda c: ledger.credits(c, "anna"))
    finally:
        one.close()
        other.close()
    again = _tocsin(lived.config, "--to", f"store={target}")
    assert (again.exit_code, "the target is not empty" in again.stderr) == (1, True)

    # An engine goes on from there: nothing is told twice, and the next mail is told.
    engine = lived.config / "engine.yaml"
    engine.write_text(engine.read_text().replace("data: ../var\n", f"data: ../var\nstore: {target}\n"))
    shown = CliRunner().invoke(main, ["-c", str(lived.config), "balance", "anna"])
    assert "0.92 left" in shown.stdout


async def test_what_was_not_worked_off_is_counted_and_refused(tmp_path: Path) -> None:
    file = tmp_path / "stream.db"
    log = Log(file)
    await log.open()
    await log.declare({"tocsin-events": 2, "tocsin-fates": 1})
    entries = [Entry("tocsin-events", number, 1, b"k", b"v", ()) for number in (0, 0, 1)]
    await log.append([*entries, Entry("tocsin-fates", 0, 1, b"k", b"v", ())])
    await log.commit("tocsin", {("tocsin-events", 0): 1})
    await log.close()
    assert unread(file, "tocsin", {"tocsin-events"}) == {"tocsin-events": 2}
    assert unread(file, "other", {"tocsin-events"}) == {"tocsin-events": 3}
    assert unread(tmp_path / "none.db", "tocsin", {"tocsin-events"}) == {}


async def test_a_stream_with_work_in_it_says_what_to_do(lived: Installation, tmp_path: Path) -> None:
    stream = sqlite3.connect(tmp_path / "var" / "stream.db")
    stream.execute("UPDATE committed SET next = 0")
    stream.commit()
    stream.close()
    done = _tocsin(lived.config, "--to", f"store=sqlite:///{tmp_path}/x.db")
    assert done.exit_code == 1
    assert "in tocsin-events" in done.stderr
    assert "start `tocsin run` until it is drained" in done.stderr
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    "to",
    [
        ("kafka://x",),
        ("stream=http://x",),
        ("stream=kafka://x?sasl=plain",),
        ("stroe=sqlite:///x",),
        ("store=sqlite:///x", "store=sqlite:///y"),
    ],
)
def test_a_target_that_is_none_is_wrong_usage(tmp_path: Path, to: tuple[str, ...]) -> None:
    assert _tocsin(tmp_path, "--to", *to).exit_code == 2


def test_a_password_in_a_target_is_not_shown_but_belongs_into_a_file(tmp_path: Path) -> None:
    write_starter(tmp_path / "config")
    (tmp_path / "config/secrets/me.password").write_text("x")
    (tmp_path / "var").mkdir()
    done = _tocsin(tmp_path / "config", "--to", "stream=kafka+tls://anna:geheim@kafka?sasl=plain")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "stream: kafka+tls://anna@kafka?sasl=plain",
        "stream_password_file: secrets/stream.password",
    ]
    assert "geheim" not in done.output

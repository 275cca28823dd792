"""Commands that only try things read, and do no more: no file, no folder, no message, no other server."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import settings
from engine.rules.evaluate import evaluate
from engine.store import accounts, decisions, revision
from engine.store.database import Database
from tests.builders import NOW, a_mail, write_starter
from tests.servers.pymap_server import PymapServer

WATCHED = Path(__file__).with_name("watched.py")
MAIL = b"Date: Mon, 12 Jan 2026 10:00:00 +0100\nFrom: boss@acme.example\nSubject: Urgent: server down\n\nNow!\n"
TESTS = """
tests:
  - mail: {subject: Urgent matter}
    expect: {rule: Urgent, sms: 1, cost: "<= 0.10 EUR"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with tests, a store with a decision, an mbox, a Maildir and a mail."""
    config = tmp_path / "config"
    write_starter(config)
    (config / "secrets/me.password").write_text("secret")
    with (config / "rules/me/first.yaml").open("a") as file:
        file.write(TESTS)
    (tmp_path / "mail.eml").write_bytes(MAIL)
    (tmp_path / "mails.mbox").write_bytes(b"From x Mon Jan 12 10:00:00 2026\n" + MAIL + b"\n")
    (tmp_path / "maildir/cur").mkdir(parents=True)
    (tmp_path / "maildir/cur/1").write_bytes(MAIL)
    return tmp_path


def a_store(folder: Path) -> None:
    """What an engine that ran here left behind: one mail, decided on by the rules of the files."""
    wanted = settings.require(folder / "config")
    wanted.data.mkdir(exist_ok=True)
    store = Database(wanted.store)
    revision.ensure(store)
    owner = wanted.accounts[0].account
    event = a_mail(account="me", subject="Urgent: server down")
    decision = evaluate(event, owner, wanted.ruleset, NOW)
    store.write(lambda connection: accounts.upsert(connection, [owner], wanted.version, NOW))
    store.write(lambda connection: decisions.record(connection, [(event, decision)], NOW))
    store.close()


def watched(folder: Path, *arguments: str, port: int = 0) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, every call of it seen."""
    command = [sys.executable, "-B", str(WATCHED), str(port), "-c", str(folder / "config"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=folder)


def bytes_of(folder: Path) -> dict[str, str]:
    """Every file of a folder, with what it holds."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "--format", "gnu", "config/rules"),
        ("test",),
        ("test", "--json"),
        ("explain", "mail.eml"),
        ("explain", "mail.eml", "--json", "--folder-time"),
        ("plan",),
        ("plan", "config", "--json"),
        ("backtest", "--mbox", "mails.mbox"),
        ("backtest", "--maildir", "maildir", "--json"),
    ],
    ids=" ".join,
)
def test_it_reads_and_does_no_more(folder: Path, arguments: tuple[str, ...]) -> None:
    a_store(folder)
    before = bytes_of(folder)
    done = watched(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bytes_of(folder) == before


def test_the_plan_reads_beside_an_engine_that_writes(folder: Path) -> None:
    a_store(folder)
    wanted = settings.require(folder / "config")
    store = Database(wanted.store)
    try:
        owner = wanted.accounts[0].account
        store.write(lambda connection: accounts.upsert(connection, [owner], "another", NOW))
        done = watched(folder, "plan")
    finally:
        store.close()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("runs: another; new: ")


def test_the_hook_sees_what_is_written(folder: Path) -> None:
    done = watched(folder, "schema")
    assert done.returncode == 99
    assert "did more than read: os.mkdir" in done.stderr


async def test_only_the_given_mailbox_is_spoken_to(folder: Path) -> None:
    async with PymapServer.running(users=1) as server:
        account = folder / "config/accounts/me.yaml"
        text = account.read_text().replace("imap.example.org", server.host).replace("me@example.org", "u1")
        account.write_text(text.replace("# tls: on ", f"port: {server.port}\n    tls: off # "))
        day = datetime(2026, 1, 12, 9, tzinfo=UTC)
        await server.deliver("u1", MAIL, MAIL.replace(b"Urgent", b"Dull"), arrived_at=day)
        await server.deliver("u1", MAIL, arrived_at=day - timedelta(days=30))
        before = await server.flags("u1")
        done = await asyncio.to_thread(watched, folder, "backtest", "--imap", "u1", port=server.port)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("3 mails, 2025-12-13 to 2026-01-12\n")
        since = await asyncio.to_thread(
            watched, folder, "backtest", "--imap", "u1", "--since", "2026-01-01", "--json", port=server.port
        )
        assert json.loads(since.stdout)["total"]["matches"] == 1
        assert await server.flags("u1") == before
        assert all(b"\\Seen" not in flags for flags in before.values())

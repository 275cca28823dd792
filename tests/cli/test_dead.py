"""`tocsin dead`: what lies there, why, and how it comes back."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import topics
from engine.cli import main
from engine.dead_letter import DeadLetter
from engine.reason import Reason
from engine.store import commands, dead_letters, revision
from engine.store.commands import CommandKind
from engine.store.database import Database
from tests.builders import NOW, PHONE, a_mail
from tests.servers.client import MailServer
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

NOWHERE = "version: 1\ndata: ../var\nproviders:\n  phone: {driver: fake, url: 'http://127.0.0.1:9'}\n"
TARIFF = "version: 1\ncurrency: EUR\nsms:\n  - {prefix: '+32', price: '0.08', provider: phone}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation with two letters: a mail that was poison, and garbage."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "engine.yaml").write_text(NOWHERE)
    (folder / "tariff.yaml").write_text(TARIFF)
    (tmp_path / "var").mkdir()
    store = Database(f"sqlite:///{tmp_path}/var/store.db")
    revision.ensure(store)
    _, mail = topics.EVENTS.encode(a_mail(subject=f"call {PHONE}", uidvalidity=1_763_772_183))
    for offset, (value, reason) in enumerate(
        [(mail, Reason.POISON), (b"\xff to +32 470 00 00 01", Reason.UNDECODABLE)]
    ):
        buried = DeadLetter(
            topic="tocsin-events",
            partition=3,
            offset=offset,
            key=b"anna",
            value=value,
            reason=reason,
            error=f"ValueError: {PHONE}",
            at=NOW,
        )
        store.write(lambda c: dead_letters.bury(c, buried))  # noqa: B023
    store.close()
    return folder


def _tocsin(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["-c", str(config), "dead", *arguments])


def test_each_letter_has_a_line_with_its_place_and_reason_and_no_number(config: Path) -> None:
    found = _tocsin(config, "list")
    assert found.exit_code == 0
    first, second = found.stdout.splitlines()
    assert first.startswith("tocsin-events/3@0  poison  ")
    assert second.startswith("tocsin-events/3@1  undecodable  ")
    assert PHONE not in found.stdout
    record = json.loads(_tocsin(config, "list", "--json").stdout)[0]
    assert (record["id"], record["reason"], record["to_be_replayed"]) == ("tocsin-events/3@0", "poison", False)


def test_what_can_be_read_is_shown_as_the_noun_that_it_is_and_the_rest_as_text(config: Path) -> None:
    mail = json.loads(_tocsin(config, "show", "tocsin-events/3@0", "--json").stdout)
    assert mail["value"]["subject"] == "call +32…01"
    assert mail["value"]["uidvalidity"] == 1_763_772_183
    garbage = _tocsin(config, "show", "tocsin-events/3@1")
    assert "not readable" in garbage.stdout
    assert "\\xff to +32…01" in garbage.stdout
    assert PHONE not in _tocsin(config, "show", "tocsin-events/3@0").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "tocsin-events/9@9"), 1, "no dead letter tocsin-events/9@9"),
        (("replay", "tocsin-events/9@9"), 1, "no dead letter tocsin-events/9@9"),
        (("show", "17"), 2, "named like tocsin-events/3@17"),
        (("replay",), 2, "--all"),
        (("replay", "tocsin-events/3@0", "--all"), 2, "--all"),
    ],
)
def test_a_wrong_wish_is_told_so_and_changes_nothing(
    config: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = _tocsin(config, *arguments)
    assert (done.exit_code, said in done.stderr) == (code, True)


def test_a_dry_run_asks_for_nothing(config: Path) -> None:
    assert "would replay tocsin-events/3@1" in _tocsin(config, "replay", "--all", "--dry-run").stdout
    assert not any(each["to_be_replayed"] for each in json.loads(_tocsin(config, "list", "--json").stdout))


def test_without_an_engine_it_waits_for_the_next_start_and_says_so(config: Path) -> None:
    done = _tocsin(config, "replay", "tocsin-events/3@0")
    assert "no `tocsin run` is up, so it is done at the next start" in done.stdout
    first, second = json.loads(_tocsin(config, "list", "--json").stdout)
    assert (first["to_be_replayed"], second["to_be_replayed"]) == (True, False)


RULES = (
    "version: 1\ndefaults: {signature: off}\n"
    "rules: [{name: Alarm, when: {subject: alarm}, notify: {to: me, text: '{subject}'}}]\n"
)


async def _stand_up(installation: Installation, server: MailServer) -> None:
    await installation.start_phone()
    installation.write([Person("anna", PHONE, "u1", parts=9, rules=RULES)], server)


async def test_a_letter_is_replayed_beside_a_running_engine_and_told_once(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    async with PymapServer.running(users=1) as server:
        try:
            await _stand_up(installation, server)
            await installation.start_engine()
            await installation.watching(1)
            await server.deliver("u1", letter("alarm"))
            await installation.until(lambda: installation.count("message", "fate = 'delivered'") == 1, "the report")
            # The mail that was told already, as if it had been poison once.
            [row] = installation.rows("SELECT event FROM decision")
            buried = DeadLetter(
                topic="tocsin-events",
                partition=1,
                offset=1_000_000,
                key=b"anna",
                value=row.event.encode(),
                reason=Reason.POISON,
                error="once",
                at=NOW,
            )
            with installation.store() as store:
                store.write(lambda c: dead_letters.bury(c, buried))
            assert installation.tocsin("dead", "replay", "--all") == "replayed 1\n"
            await server.deliver("u1", letter("alarm 2"))
            await installation.until(lambda: len(installation.phones["phone"].taken()) == 2, "the second SMS")
            assert await installation.end_engine() == 0
            assert installation.count("dead_letter") == 0
            assert len(installation.phones["phone"].taken()) == 2
        finally:
            await installation.close()


def test_a_command_is_asked_for_with_a_name(config: Path) -> None:
    _tocsin(config, "replay", "--all")
    store = Database(f"sqlite:///{config.parent}/var/store.db")
    try:
        assert len(store.read(lambda c: commands.waiting(c, CommandKind.REPLAY))) == 2
    finally:
        store.close()

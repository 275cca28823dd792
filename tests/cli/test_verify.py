"""`tocsin verify`: a code goes through the virtual phone and is typed back; and what is no number of one's own."""

import asyncio
import os
import pty
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.cli.examining import examine
from engine.store.trial import PAYER
from tests.cli.test_send import NUMBER, Place
from tests.servers.installation import ROOT

ACCOUNT = """\
version: 1
id: anna
language: nl
zone: Europe/Brussels
numbers: ["+32 470 00 00 01"]
plan: {parts_per_month: 2}
"""


class Desk(Place):
    """A place with Anna's account, where numbers are proven."""

    def prepare(self, *, phone: str = "phone", url: str = "") -> None:
        """Write its files."""
        super().prepare(phone=phone, url=url)
        (self.config / "accounts" / "anna.yaml").write_text(ACCOUNT)
        engine = self.config / "engine.yaml"
        engine.write_text(engine.read_text() + "region: BE\n")

    async def verify(self, *arguments: str) -> tuple[int, str]:
        """Run the command without a terminal; answers its exit code and what it printed."""
        return await asyncio.to_thread(self.run, "verify", *arguments)

    def shown(self) -> str:
        """What the phone shows last."""
        found = re.search(r"\b\d{6}\b", self.phones["phone"].taken()[-1]["text"])
        assert found is not None
        return found[0]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    await made.start_phone()
    made.prepare()
    yield made
    await made.close()


async def test_a_code_is_sent_and_typed_back(desk: Desk) -> None:
    code, said = await desk.verify("0470 00 00 01", "--account", "anna")
    assert code == 0, said
    assert "a code goes to +32…01; it is good for 10 minutes" in said
    assert "--code CODE" in said
    [taken] = desk.phones["phone"].taken()
    assert taken["text"].endswith("is uw Tocsin-code, 10 minuten geldig; geef deze aan niemand.")
    assert desk.shown() not in said
    code, said = await desk.verify("32 470 00 00 01", "--account", "anna", "--code", "000000")
    assert (code, said) == (4, "+32…01: this is not the code\n")
    code, said = await desk.verify(NUMBER, "--code", desk.shown())
    assert (code, said) == (0, "+32…01: the number is verified\n")
    code, said = await desk.verify(NUMBER, "--code", desk.shown())
    assert code == 4
    assert "was used" in said
    [row] = desk.rows("SELECT account_id, address FROM verified")
    assert tuple(row) == ("anna", "+32470000001")
    [row] = desk.rows("SELECT account_id, fate, price FROM message")
    assert tuple(row) == ("anna", "sent", 800)
    assert desk.count("message_content") == 0


async def test_a_running_engine_sends_it_and_logs_no_code(desk: Desk) -> None:
    await desk.start_engine()
    code, said = await desk.verify(NUMBER)
    assert code == 0, said
    assert len(desk.phones["phone"].taken()) == 1
    assert desk.count("message", f"account_id = '{PAYER}'") == 1
    assert (await desk.verify(NUMBER, "--code", desk.shown()))[0] == 0
    logs = [path.read_text(errors="replace") for path in desk.folder.rglob("*.log")]
    assert logs
    assert not any(desk.shown() in text for text in logs)


async def test_the_fourth_code_of_an_hour_is_refused(desk: Desk) -> None:
    for _ in range(3):
        assert (await desk.verify(NUMBER))[0] == 0
    code, said = await desk.verify(NUMBER)
    assert code == 4
    assert "+32…01 was sent 3 codes within the hour" in said
    assert len(desk.phones["phone"].taken()) == 3


async def test_without_credit_no_code_is_sent(desk: Desk) -> None:
    (desk.config / "accounts" / "anna.yaml").write_text(ACCOUNT.replace("month: 2", "month: 0"))
    code, said = await desk.verify(NUMBER, "--account", "anna")
    assert code == 4
    assert "top up" in said


async def test_a_provider_that_nobody_hears_is_said_at_once(desk: Desk) -> None:
    desk.prepare(url="http://127.0.0.1:9")
    code, said = await desk.verify(NUMBER, "--wait", "2")
    assert code == 3
    assert "the connection was refused" in said


async def test_the_doctor_names_accounts_whose_number_nobody_proved(desk: Desk) -> None:
    rules = desk.config / "rules" / "anna"
    rules.mkdir(parents=True)
    (rules / "r.yaml").write_text("version: 1\nrules: [{name: Boss, when: {subject: x}, notify: {}}]\n")
    [finding] = [each for each in await examine(desk.config) if "tocsin verify" in each.message]
    assert (finding.ok, finding.place) == (True, "anna +32…01")
    assert finding.message.endswith("tocsin verify NUMBER --account anna")
    assert (await desk.verify(NUMBER))[0] == 0
    assert (await desk.verify(NUMBER, "--code", desk.shown()))[0] == 0
    assert not [each for each in await examine(desk.config) if "tocsin verify" in each.message]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["+32 2 234 56 78"], "landline"),
        (["02 234 56 78"], "landline"),
        (["0903 12 345"], "service number"),
        (["112"], "short number"),
        (["hello"], "not a phone number"),
        (["+33 6 12 34 56 78"], "covers +33…78"),
        ([NUMBER, "--account", "bert"], "there is no account 'bert'; known: anna"),
    ],
)
def test_what_cannot_be_proven_is_said_before_anything_is_written(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    desk = Desk(tmp_path)
    desk.prepare(url="http://127.0.0.1:9")
    done = CliRunner().invoke(main, ["-c", str(desk.config), "verify", *arguments])
    assert done.exit_code == 2
    assert said in done.output
    assert desk.count("message") == 0


async def test_at_a_terminal_the_code_is_asked_for_until_it_is_right(desk: Desk) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "engine", "-c", str(desk.config), "verify", NUMBER]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, stdin=theirs, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        said = (await process.stdout.readuntil(b"the code: ")).decode()
        assert "it is good for 10 minutes" in said
        os.write(ours, b"000000\n")
        said = (await process.stdout.readuntil(b"the code: ")).decode()
        assert "this is not the code; tries left: 4" in said
        os.write(ours, desk.shown().encode() + b"\n")
        assert (await process.stdout.read()).decode().endswith("+32…01: the number is verified\n")
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        os.close(ours)
        os.close(theirs)

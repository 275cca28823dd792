"""`tocsin send --test`: with a running engine and without, through the virtual phone, and every way it can end."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.store import ledger
from engine.store.trial import MOST_A_DAY, PAYER
from tests.servers.installation import ROOT, Installation

NUMBER = "+32 470 00 00 01"
TEXT = "Hello ☺"


class Place(Installation):
    """An installation with a phone and nobody's mailboxes."""

    def prepare(self, *, phone: str = "phone", url: str = "") -> None:
        """Write its files."""
        for name in ("accounts", "rules/global"):
            (self.config / name).mkdir(parents=True, exist_ok=True)
        where = url or f"http://127.0.0.1:{self.phones[phone].port}"
        (self.config / "engine.yaml").write_text(
            f"version: 1\ndata: ../var\nweb: {{port: {self.web_port}}}\n"
            f"providers:\n  {phone}: {{driver: fake, url: '{where}', timeout: 2s}}\n"
        )
        (self.config / "tariff.yaml").write_text(
            f"version: 1\ncurrency: EUR\nsms:\n  - {{prefix: '+32', price: '0.08', provider: {phone}}}\n"
        )

    async def send(self, *arguments: str) -> tuple[int, str]:
        """Run the command; answers its exit code and what it printed."""

        def run() -> tuple[int, str]:
            done = subprocess.run(
                [sys.executable, "-m", "engine", "-c", str(self.config), "send", "--to", NUMBER, *arguments],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            return done.returncode, done.stdout + done.stderr

        return await asyncio.to_thread(run)

    async def record(self, *arguments: str) -> dict[str, Any]:
        """The same for programs."""
        _, said = await self.send("--text", TEXT, "--test", "--json", *arguments)
        found: dict[str, Any] = json.loads(said)
        return found


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    await made.start_phone()
    made.prepare()
    yield made
    await made.close()


async def test_without_an_engine_it_is_sent_from_here_and_the_provider_s_yes_is_told(place: Place) -> None:
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 0, said
    assert "to +32…01 through phone: 1 part, ucs2 because of '☺'" in said
    assert "would cost: EUR 0.08 by the tariff's line +32; billed to nobody" in said
    assert "sent: The provider took the message" in said
    assert "no engine runs here" in said
    assert said.endswith("accepted\n")
    [taken] = place.phones["phone"].taken()
    assert (taken["to"], taken["text"]) == ("+32470000001", TEXT)
    [row] = place.rows("SELECT m.account_id, m.fate, m.price, n.scope FROM message m JOIN notification n")
    assert tuple(row) == (PAYER, "sent", 800, "test")


async def test_a_test_costs_no_account_anything_and_the_ledger_still_agrees(place: Place) -> None:
    assert (await place.send("--text", TEXT, "--test"))[0] == 0
    rows = place.rows("SELECT DISTINCT account_id FROM ledger_account")
    assert [row.account_id for row in rows] == [PAYER]
    with place.store() as store:
        assert store.read(ledger.differences) == []
    # What the operator typed is no lasting consent.
    assert place.count("consent") == 0


async def test_explain_says_that_it_was_a_test(place: Place) -> None:
    record = await place.record()
    said = place.tocsin("explain", record["id"])
    assert said.startswith("a test message")
    assert "sent: The provider took the message" in said
    told = json.loads(place.tocsin("explain", record["id"], "--json"))
    assert (told["scope"], told["messages"][0]["text"]) == ("test", TEXT)


async def test_with_a_running_engine_the_report_is_waited_for(place: Place) -> None:
    assert await place.start_engine()
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 0, said
    assert "delivered: It has arrived." in said
    assert len(place.phones["phone"].taken()) == 1


async def test_a_refusal_is_told_with_the_provider_s_reason(place: Place) -> None:
    await place.phones["phone"].behave(do="refuse", reason="auth")
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 4, said
    assert "failed: The provider refused our user name or password: correct them." in said
    assert "HTTP 401" in said


async def test_a_provider_that_nobody_hears_is_unreachable_and_nothing_is_tried_later(place: Place) -> None:
    place.prepare(url="http://127.0.0.1:9")
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 3, said
    assert "the connection was refused" in said
    assert said.endswith("unreachable\n")
    assert place.count("message", "fate = 'expired'") == 1


async def test_no_clear_answer_is_no_yes(place: Place) -> None:
    await place.phones["phone"].behave(do="drop_after")
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 3, said
    assert "the connection broke" in said


async def test_after_ten_tests_a_day_the_next_is_refused(place: Place) -> None:
    assert (await place.record())["verdict"] == "accepted"
    assert place.count("limit_state", f"account_id = '{PAYER}'") == 1
    with place.store() as store:
        import sqlalchemy as sa

        store.write(lambda c: c.execute(sa.text(f"UPDATE limit_state SET count = {MOST_A_DAY}")))
    record = await place.record()
    assert (record["verdict"], record["reason"]) == ("refused", "daily_cap")
    assert len(place.phones["phone"].taken()) == 1


async def test_the_record_for_programs_has_no_number_in_it(place: Place) -> None:
    record = await place.record()
    assert record["to"] == "+32…01"
    assert (record["parts"], record["alphabet"], record["price"]) == (1, "ucs2", "EUR 0.08")
    [call] = record["calls"]
    assert call["state"] == "accepted"
    assert call["seconds"] >= 0
    assert call["ref"]
    assert "470000001" not in json.dumps(record)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", NUMBER, "--text", "x"], "add --test"),
        (["--to", "12", "--text", "x", "--test"], "country code"),
        (["--to", "+32 2 234 56 78", "--text", "x", "--test"], "landline"),
        (["--to", "+33 6 12 34 56 78", "--text", "x", "--test"], "no line of tariff.yaml covers +33…78"),
        (["--to", NUMBER, "--text", "x", "--test", "--provider", "fone"], "no provider 'fone'"),
        (["--to", NUMBER, "--text", "x" * 1531, "--test"], "1 to 10 parts"),
    ],
)
def test_what_cannot_be_sent_is_said_before_anything_is_written(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    place = Place(tmp_path)
    place.prepare(url="http://127.0.0.1:9")
    done = CliRunner().invoke(main, ["-c", str(place.config), "send", *arguments])
    assert done.exit_code == 2
    assert said in done.output
    assert place.count("message") == 0

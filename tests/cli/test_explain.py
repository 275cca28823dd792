"""`tocsin explain MAIL`: what the rules would make of a mail in a file."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.cli.test_tries import MAIL, folder

__all__ = ["folder"]


def run(folder: Path, *args: str, said: bytes | None = None) -> Result:
    """A command, as a shell would start it."""
    return CliRunner().invoke(main, ["-c", str(folder / "config"), *args], input=said)


def test_a_mail_in_a_file_is_explained_with_evidence_price_and_limits(folder: Path) -> None:
    told = run(folder, "explain", str(folder / "mail.eml"))
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0] == 'mail 1 "Urgent: server down" from boss@acme.example'
    assert f"✓ me/urgent  {folder}/config/rules/me/first.yaml:5" in lines
    assert any(line.strip().startswith('✓ subject contains "urgent"') for line in lines)
    assert any(line.startswith("→ sms to me (+32…01) by me/urgent/sms: ") for line in lines)
    assert "    1 part through phone, EUR 0.08, lane 2" in lines
    assert "    limit: at most 10 in 1 h, the rest in a digest" in lines
    assert lines[-1] == "as if it arrived at 2026-01-12 10:00 and nothing had been told before"
    assert "470000001" not in told.stdout


def test_a_mail_on_the_input_that_matches_nothing_is_explained_too(folder: Path) -> None:
    told = run(folder, "explain", "-", "--at", "2026-11-22 23:30", said=MAIL.replace(b"Urgent", b"Dull"))
    assert "→ no message: No rule matched this mail." in told.stdout
    assert '✗ subject contains "urgent"' in told.stdout
    assert "as if it arrived at 2026-11-22 23:30" in told.stdout


def test_a_road_that_cannot_be_taken_is_named_with_its_reason(folder: Path) -> None:
    rules, account = folder / "config/rules/me/first.yaml", folder / "config/accounts/me.yaml"
    rules.write_text(rules.read_text().replace("to: me", "to: me\n      channels: [email, sms]"))
    account.write_text(account.read_text().replace("# email: me@example.com ", "email: boss@acme.example #"))
    told = run(folder, "explain", str(folder / "mail.eml"))
    lines = told.stdout.splitlines()
    assert any(line.startswith("→ sms to me (+32…01) by me/urgent/sms: ") for line in lines), told.output
    because = "No line of tariff.yaml covers this number or channel: add one. Nothing was charged."
    assert f"    not by email (b…@acme.example): {because}" in lines
    assert not any(line.strip().startswith("otherwise:") for line in lines)


def test_programs_get_the_whole_of_it(folder: Path) -> None:
    record = json.loads(run(folder, "explain", str(folder / "mail.eml"), "--json").stdout)
    assert record["event"]["subject"] == "Urgent: server down"
    assert [each["rule"] for each in record["decision"]["answers"]] == ["urgent"]
    assert record["decision"]["answers"][0]["evidence"][0]["holds"] is True
    assert record["decision"]["notifications"][0]["recipient"] == "me"
    assert record["decision"]["notifications"][0]["address"] == "+32…01"
    assert record["messages"][0]["reason"] == "admitted"
    assert record["messages"][0]["quote"]["price"] == {"minor": 800, "currency": "EUR"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("explain", "nothing.eml"), 2, "there is no file of this name"),
        (("explain", "-", "--account", "bert"), 1, "there is no account 'bert'"),
        (("explain", "-", "--at", "noon"), 2, "write a moment as"),
        (("backtest",), 2, "one of --mbox, --maildir, --imap"),
        (("backtest", "--imap", "nobody"), 1, "one of: me@example.org@imap.example.org of me"),
        (("backtest", "--mbox", "nothing.mbox"), 2, "does not exist"),
        (("plan",), 1, "there is no store yet"),
        (("plan", "nowhere"), 1, "there is no such folder"),
    ],
)
def test_what_cannot_be_done_is_said(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(folder, *arguments, said=MAIL)
    assert (done.exit_code, said in done.stderr) == (code, True), done.output

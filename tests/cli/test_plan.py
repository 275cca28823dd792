"""`tocsin plan`: what changed rules would do differently."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine import settings
from engine.cli import main
from tests.cli.test_tries import a_store, folder

__all__ = ["folder"]


def run(folder: Path, *args: str, said: bytes | None = None) -> Result:
    """A command, as a shell would start it."""
    return CliRunner().invoke(main, ["-c", str(folder / "config"), *args], input=said)


def test_a_plan_shows_rules_events_and_prices_that_differ(folder: Path) -> None:
    a_store(folder)
    new = folder / "new"
    for path in (folder / "config").rglob("*"):
        if path.is_file():
            (new / path.relative_to(folder / "config")).parent.mkdir(parents=True, exist_ok=True)
            (new / path.relative_to(folder / "config")).write_bytes(path.read_bytes())
    rules = new / "rules/me/first.yaml"
    text = rules.read_text().partition("tests:")[0]
    rules.write_text(
        text.replace("{subject|90}", "{subject|40}") + "  - {name: Server, when: {subject: server}, notify: {}}\n"
    )
    told = run(folder, "plan", str(new))
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    version = settings.require(folder / "config").version
    assert lines[0] == f"runs: {version}; new: {settings.require(new).version}"
    assert [line[:18] for line in lines[1:3]] == ["+ rule me/server  ", "~ rule me/urgent  "]
    assert "1 events of the last 7 days, 1 decided otherwise" in lines
    assert any(line.startswith("  + me/server: sms to me: ") for line in lines)
    assert "+1 messages by me/server" in lines
    assert "messages: 1 → 2 (+1)" in lines
    assert "price: EUR 0.08 → EUR 0.16 (+EUR 0.08), before limits and credit" in lines
    record = json.loads(run(folder, "plan", str(new), "--json").stdout)
    assert [each["rule"] for each in record["rules"]["added"]] == ["server"]
    assert record["by_rule"] == {"me/server": 1}


def test_a_plan_of_what_runs_shows_no_difference(folder: Path) -> None:
    a_store(folder)
    lines = run(folder, "plan").stdout.splitlines()
    assert "1 events of the last 7 days, 0 decided otherwise" in lines
    assert "messages: 1 → 1 (+0)" in lines
    assert "the rules are the same" in run(folder, "plan", str(folder / "config")).stdout

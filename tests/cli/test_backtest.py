"""`tocsin backtest`: what the rules would have sent over past mail."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.cli.test_tries import folder

__all__ = ["folder"]


def run(folder: Path, *args: str, said: bytes | None = None) -> Result:
    """A command, as a shell would start it."""
    return CliRunner().invoke(main, ["-c", str(folder / "config"), *args], input=said)


@pytest.mark.parametrize("source", [("--mbox", "mails.mbox"), ("--maildir", "maildir")])
def test_a_backtest_is_a_table_with_prices(folder: Path, source: tuple[str, str]) -> None:
    told = run(folder, "backtest", source[0], str(folder / source[1]))
    assert told.exit_code == 0, told.output
    lines = [line.split() for line in told.stdout.splitlines()]
    assert lines[0] == ["1", "mails,", "2026-01-12", "to", "2026-01-12"]
    assert lines[1] == ["rule", "matches", "messages", "digests", "parts", "price"]
    assert lines[2] == ["me/urgent", "1", "1", "0", "1", "EUR", "0.08"]
    assert lines[3] == ["total", "1", "1", "0", "1", "EUR", "0.08"]
    since = run(folder, "backtest", source[0], str(folder / source[1]), "--since", "2026-01-13", "--json")
    assert json.loads(since.stdout)["mails"] == 0

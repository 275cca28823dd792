"""What docs/cli.md promises is what the command line does."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.agents.line import LINE
from engine.cli import COMMANDS, lazy, main
from engine.metrics import Metrics
from tests.cli.test_dead import NOWHERE, TARIFF

ROOT = Path(__file__).parents[2]
CLI = (ROOT / "docs" / "cli.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_in_the_table(name: str) -> None:
    assert re.search(rf"^\| .*`{name}[ `]", CLI, re.MULTILINE)


def test_every_exit_code_is_in_the_table() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)}
    codes = (lazy.FAILED, lazy.UNREACHABLE, lazy.REFUSED, lazy.DEFECT, lazy.INTERRUPTED, lazy.BROKEN_PIPE)
    assert listed == {0, 2, *codes}


def test_every_metric_is_in_the_table() -> None:
    names = {family.name for family in Metrics()._registry.collect() if not family.name.startswith("tocsin_process")}
    missing = [name for name in names if name not in OPERATIONS]
    assert missing == []


@pytest.mark.parametrize(
    "arguments", [("explain", "--json"), ("balance", "--json"), ("dead", "list", "--json"), ("db", "prove", "--json")]
)
def test_what_reads_answers_programs(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "engine.yaml").write_text(NOWHERE)
    (config / "tariff.yaml").write_text(TARIFF)
    done = CliRunner().invoke(main, ["-c", str(config), *arguments])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() in ("[]", "{}", '{"differences": []}')


def test_a_database_that_does_not_answer_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "engine.yaml").write_text(NOWHERE + "store: postgresql://x@127.0.0.1:1/x\n")
    (tmp_path / "tariff.yaml").write_text(TARIFF)
    done = CliRunner().invoke(main, ["-c", str(tmp_path), "balance"])
    assert done.exit_code == 3, done.output
    assert "127.0.0.1:1" in done.stderr


def test_the_drain_is_told_in_the_order_in_which_it_happens() -> None:
    assert [hop.name for hop in sorted(LINE, key=lambda hop: hop.drain)][:3] == ["watch", "remind", "obey"]
    steps = ["no mailbox is watched", "no callback is taken", "records in work", "calls in the air", "last fates"]
    places = [OPERATIONS.index(step) for step in steps]
    assert places == sorted(places)

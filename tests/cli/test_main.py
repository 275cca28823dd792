"""The command line ends in words and codes, never in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from engine.cli import COMMANDS, main
from engine.cli.lazy import LazyGroup
from engine.errors import ConfigurationError, StoreError

ROOT = Path(__file__).parents[2]


def _raising(error: BaseException) -> click.Command:
    @click.command("x")
    def command() -> None:
        raise error

    return command


def _run(command: click.Command, monkeypatch: pytest.MonkeyPatch) -> Result:
    group = LazyGroup(commands_at={"x": ("tests.none:command", "Test.")})
    monkeypatch.setattr(group, "get_command", lambda ctx, name: command)
    return CliRunner().invoke(group, ["x"])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            ConfigurationError("it is wrong", place="a.yaml:1:2", remedy="write it right"),
            1,
            "to mend it: write it right",
        ),
        (StoreError("it does not answer", place="db:5432", unreachable=True), 3, "db:5432: it does not answer"),
        (ValueError("oh\nno"), 70, "this is a defect in Tocsin: ValueError: oh (TOCSIN_DEBUG=1 shows where)"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (SystemExit(3), 3, ""),
        (SystemExit("last words"), 1, "last words"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_end_has_its_code(error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_DEBUG", raising=False)
    result = _run(_raising(error), monkeypatch)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_traceback_is_shown_to_who_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DEBUG", "1")
    result = _run(_raising(ValueError("oh")), monkeypatch)
    assert result.exit_code == 70
    assert "Traceback" in result.stderr


def test_a_command_may_return_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("x")
    def command() -> int:
        return 4

    assert _run(command, monkeypatch).exit_code == 4


def test_an_unknown_command_is_told_what_was_meant() -> None:
    result = CliRunner().invoke(main, ["chekc"])
    assert result.exit_code == 2
    assert "there is no command 'chekc'; did you mean 'check'?" in result.stderr


def test_the_configuration_folder_is_an_option_or_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(tmp_path / "a") in CliRunner().invoke(main, ["-c", str(tmp_path / "a"), "check"]).stdout
    monkeypatch.setenv("TOCSIN_CONFIG", str(tmp_path / "b"))
    assert str(tmp_path / "b") in CliRunner().invoke(main, ["check"]).stdout


def test_help_lists_every_command_and_imports_none() -> None:
    script = (
        "import sys\nfrom engine.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'yaml', 'faust', 'aiohttp'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_a_reader_that_goes_away_is_no_defect() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "engine", "schema", "rules"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")

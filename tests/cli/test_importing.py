"""`tocsin import`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main

_SCRIPT = 'if header :contains "subject" "x" { redirect "a@b.example"; }\nif header "x" "y" { keep; }\n'


def run(*args: str) -> Result:
    """One command, as a shell would start it."""
    return CliRunner().invoke(main, ["import", *args])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "filters.sieve"
    path.write_text(_SCRIPT)
    return path


def test_rules_go_to_stdout_and_what_is_left_out_to_stderr(script: Path) -> None:
    result = run("sieve", str(script), "--to", "anna", "--to", "group:desk")
    assert result.exit_code == 0
    assert 'to: [anna, "group:desk"]' in result.stdout
    assert f"{script}:2: if in line 2: keep: nothing that tells anybody" in result.stderr
    assert f"{script}:1: if in line 1: it forwards to an address" in result.stderr
    assert result.stderr.endswith("1 rule, 1 filter not converted\n")


def test_a_file_that_is_there_is_not_written_over(script: Path, tmp_path: Path) -> None:
    there = tmp_path / "mine.yaml"
    there.write_text("mine")
    result = run("sieve", str(script), "--output", str(there))
    assert result.exit_code != 0
    assert there.read_text() == "mine"


def test_who_is_told_is_never_an_address(script: Path) -> None:
    result = run("sieve", str(script), "--to", "a@b.example")
    assert result.exit_code == 2
    assert "contact's id" in result.stderr


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    large = tmp_path / "large.sieve"
    large.write_bytes(b"keep;\n" * 1_700_000)
    result = run("sieve", str(large))
    assert result.exit_code != 0
    assert "larger than 1 MB" in result.stderr

"""`tocsin check`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.cli.init import starter


def run(*args: str) -> Result:
    """One command, as a shell would start it."""
    return CliRunner().invoke(main, args)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good configuration."""
    for name, content in starter():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "secrets/me.password").write_text("x")
    return tmp_path


def test_a_good_configuration_is_counted(folder: Path) -> None:
    result = run("-c", str(folder), "check")
    assert result.exit_code == 0
    assert result.stdout.startswith("ok: 1 account, 1 mailbox, 1 rule, 0 warnings (version ")


def test_a_mistake_is_shown_and_ends_in_one(folder: Path) -> None:
    (folder / "engine.yaml").write_text("version: 1\nprovider: {}\n")
    result = run("check", str(folder))
    assert result.exit_code == 1
    assert f"--> {folder}/engine.yaml:2:1" in result.stdout
    assert "did you mean 'providers'?" in result.stdout
    assert "1 mistake, 0 warnings" in result.stderr


@pytest.mark.parametrize("form", ["gnu", "github", "json"])
def test_other_readers_get_only_what_they_read(folder: Path, form: str) -> None:
    (folder / "engine.yaml").write_text("version: 2\n")
    result = run("check", str(folder), "--format", form)
    assert result.exit_code == 1
    if form == "json":
        assert len(json.loads(result.stdout)) == 1
    else:
        assert len(result.stdout.splitlines()) == 1


def test_programs_get_an_empty_list_for_a_good_configuration(folder: Path) -> None:
    assert json.loads(run("check", str(folder), "--format", "json").stdout) == []


def test_a_warning_fails_only_where_that_is_wanted(folder: Path) -> None:
    rules = folder / "rules/me/first.yaml"
    rules.write_text(rules.read_text().replace("{subject|90}", "{subject|900}"))
    assert run("check", str(folder)).exit_code == 0
    assert run("check", str(folder), "--strict").exit_code == 1


def test_no_colour_goes_to_a_file(folder: Path) -> None:
    (folder / "engine.yaml").write_text("version: 2\n")
    assert "\033" not in run("check", str(folder)).output

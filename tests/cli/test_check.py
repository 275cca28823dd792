"""`tocsin check`."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.builders import write_starter


def run(*args: str) -> Result:
    """One command, as a shell would start it."""
    return CliRunner().invoke(main, args)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good configuration."""
    write_starter(tmp_path)
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


BROKEN = Path(__file__).parents[1] / "data/rules/broken"


def test_every_broken_file_is_named_in_one_run() -> None:
    result = run("check", "--format", "gnu", str(BROKEN))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert all(re.match(r".+\.yaml:\d+:\d+: (error|warning): .+", line) for line in lines)
    named = {line.partition(":")[0] for line in lines if ": error: " in line}
    assert {str(path) for path in BROKEN.glob("*.yaml")} - named == set()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.yaml", "version: 1\nrules: [{name: A, when: {subjekt: a}, notify: {}}]\n", "did you mean 'subject'?"),
        ("x.yaml", "version: 1\nlists: {vip: [a@x.example], vip: [b]}\n", "vip"),
        ("x.yaml", "version: 1\ncurrency: EURO\n", "is not of the form"),
        ("x.yaml", "version: 1\nid: anna\nnumbers: ['123']\n", "number"),
        ("x.yaml", "version: 1\nproviders: {a: {driver: fax}}\n", "write"),
        ("contacts/x.yaml", "version: 1\ncontact: []\n", "did you mean 'contacts'?"),
        ("rules/anna/x.yaml", "version: 1\n", "rules"),
        ("anything.yaml", "version: 1\n", "'rules' is missing"),
    ],
)
def test_a_file_by_itself_is_held_against_what_it_looks_like(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    result = run("check", "--format", "gnu", str(tmp_path))
    assert result.exit_code == 1
    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: error: .*{re.escape(said)}", result.stdout), result.stdout


def test_rules_by_themselves_know_the_names_beside_them(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nrules: [{name: A, when: {from: {in: vip}}, notify: {}}]\n")
    assert run("check", str(tmp_path)).exit_code == 1
    (tmp_path / "b.yaml").write_text("version: 1\nlists: {vip: ['@x.example']}\n")
    result = run("check", str(tmp_path), "--format", "human")
    assert (result.exit_code, result.stdout) == (0, "ok: 2 files of no configuration folder\n")


def test_of_a_part_only_its_own_problems_are_shown(folder: Path) -> None:
    (folder / "rules/global/x.yaml").write_text("version: 2\n")
    assert run("check", str(folder / "rules/me")).exit_code == 0
    assert run("check", str(folder / "rules/me/first.yaml")).stdout.startswith("ok: ")
    assert run("check", str(folder / "rules")).exit_code == 1
    assert run("check", str(folder / "rules/me"), str(folder / "rules/global")).exit_code == 1


def test_a_part_is_named_as_seen_from_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "rules/me/first.yaml").write_text("version: 1\nrules: x\n")
    monkeypatch.chdir(folder.parent)
    said = run("check", f"{folder.name}/rules", "--format", "gnu").stdout
    assert said.startswith(f"{folder.name}/rules/me/first.yaml:2:8: error: ")


def test_what_is_surely_not_meant_is_shown_at_its_line(folder: Path) -> None:
    (folder / "rules/me/second.yaml").write_text(
        "version: 1\nrules:\n  - {name: All, when: {from: '*'}, stop: true}\n"
        "  - name: None\n    when: {subject: urgent}\n    notify: {}\n"
    )
    result = run("check", str(folder))
    assert result.exit_code == 0
    assert "second.yaml:4:5" in result.stdout
    assert "4 |   - name: None" in result.stdout
    assert "nothing reaches this rule: 'All' stops everything that it matches" in result.stdout
    assert run("check", str(folder), "--strict").exit_code == 1


def test_the_worst_day_has_a_price(folder: Path) -> None:
    assert "at most, a day: me EUR 1.60" in run("check", str(folder)).stdout


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run("check", str(tmp_path / "nothing"))
    assert result.exit_code == 1
    assert "there is no such folder" in result.stdout


def test_a_folder_without_files_is_no_configuration(tmp_path: Path) -> None:
    assert (
        "engine.yaml:1:1: error: this file is missing" in run("-c", str(tmp_path), "check", "--format", "gnu").stdout
    )
    result = run("check", "--format", "gnu", str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, f"{tmp_path}:1:1: error: there is no YAML file in this folder\n")

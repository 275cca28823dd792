"""The shipped sample is without mistakes, and its own tests pass; so do those in the README."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.settings import load

ROOT = Path(__file__).parents[1]
OFFICE = ROOT / "docs" / "samples" / "office"


def test_the_sample_office_has_no_mistake_and_no_warning() -> None:
    settings, problems = load(OFFICE)
    assert problems == []
    assert settings is not None


def _run_tests(folder: Path) -> str:
    done = CliRunner().invoke(main, ["-c", str(folder), "test"])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_sample_offices_own_tests_pass() -> None:
    assert "6 ok, 0 failed" in _run_tests(OFFICE)


def test_the_tests_that_the_readme_shows_pass(tmp_path: Path) -> None:
    [shown] = [
        block
        for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
        if "\ntests:" in block
    ]
    folder = tmp_path / "office"
    shutil.copytree(OFFICE, folder)
    (folder / "rules" / "anna" / "bank.yaml").write_text(shown)
    assert "6 ok, 0 failed" in _run_tests(folder)


@pytest.mark.parametrize("file", sorted(OFFICE.rglob("*.yaml")), ids=lambda path: path.stem)
def test_an_editor_finds_the_schema_of_every_sample(file: Path) -> None:
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())
    assert found is not None
    assert (file.parent / found[1]).is_file()

"""Every seeded mistake is found where it stands, with its correction, and nothing else is said."""

import re
import shutil
from pathlib import Path

import pytest

from engine.document import Problem
from engine.settings import load
from tests.builders import write_starter

DATA = Path(__file__).parent / "data"
#: Rule files by themselves, and the other files under the name of their kind.
RULES = DATA / "rules" / "broken"
FILES = sorted([*RULES.glob("*.yaml"), *(DATA / "broken").glob("*.yaml")])
#: Where a file of each kind stands in a configuration folder.
HOMES = {
    "rules": "rules/me/first.yaml",
    "account": "accounts/me.yaml",
    "engine": "engine.yaml",
    "tariff": "tariff.yaml",
}


def _problems(broken: Path, folder: Path) -> tuple[str, list[Problem]]:
    """The problems of a good configuration in which one file is this broken one."""
    write_starter(folder)
    (folder / "secrets/me.password").write_text("x")
    home = folder / HOMES["rules" if broken.parent == RULES else broken.name.partition("-")[0]]
    if broken.parent != RULES and broken.name.startswith("account"):
        shutil.rmtree(folder / "rules/me")
    shutil.copy(broken, home)
    settings, problems = load(folder)
    assert settings is None
    return str(home), [problem for problem in problems if problem.severity == "error"]


def _expected(broken: Path) -> list[tuple[str, str]]:
    header = broken.read_bytes().decode(errors="replace")
    return re.findall(r"^# expect (\d+:\d+) (.+)$", header, re.MULTILINE)


@pytest.mark.parametrize("broken", FILES, ids=lambda path: path.stem)
def test_a_mistake_is_found_at_its_place_with_its_correction(broken: Path, tmp_path: Path) -> None:
    file, problems = _problems(broken, tmp_path)
    expected = _expected(broken)
    if broken.parent != RULES and broken.name.startswith("engine"):
        # without its provider the tariff has a mistake too
        problems = [problem for problem in problems if problem.file == file]
    assert [(problem.place) for problem in problems] == [f"{file}:{place}" for place, _ in expected]
    for problem, (_, correction) in zip(problems, expected, strict=True):
        assert correction in f"{problem.message} {problem.label} {problem.hint}"


def test_at_least_a_hundred_of_them_are_answered_with_the_very_correction(tmp_path: Path) -> None:
    rules = sorted(RULES.glob("*.yaml"))
    assert len(rules) >= 120
    answered = 0
    for number, broken in enumerate(rules):
        _, problems = _problems(broken, tmp_path / str(number))
        answered += all(problem.label for problem in problems)
    assert answered >= 100

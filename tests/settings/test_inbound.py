"""The routes of `inbound:` as they are read, and their mistakes at their places."""

import shutil
from pathlib import Path

import pytest

from engine.heard import Route
from engine.settings import load
from tests.test_samples import OFFICE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(OFFICE, tmp_path / "office")
    return tmp_path / "office"


def write(folder: Path, inbound: str) -> None:
    with (folder / "engine.yaml").open("a") as file:
        file.write(f"\ninbound:\n{inbound}")


def test_routes_are_read_with_numbers_as_e164_and_keywords_folded(folder: Path) -> None:
    write(
        folder,
        "  - {number: '0032 460 20 00 00', keyword: ' HULP,  Lift!', account: anna}\n"
        "  - {number: '1960', account: anna}\n",
    )
    settings, problems = load(folder)
    assert problems == []
    assert settings is not None
    assert settings.inbound == (
        Route(number="+32460200000", keyword="hulp lift", account="anna"),
        Route(number="1960", account="anna"),
    )


@pytest.mark.parametrize(
    ("routes", "label", "said"),
    [
        ("  - {number: '1960', account: ana}\n", "did you mean 'anna'?", "there is no account 'ana'"),
        (
            "  - {keyword: hulp, account: anna}\n  - {keyword: 'HULP!', account: anna}\n",
            "",
            "a second route for the same number and keyword",
        ),
        (
            "  - {number: '+32460200000', account: anna}\n  - {number: '0032 460 200 000', account: anna}\n",
            "",
            "a second route for the same number and keyword",
        ),
        ("  - {account: anna}\n", "", "write what it is known by: number, keyword or both"),
        ("  - {keyword: '!!', account: anna}\n", "", "a keyword has letters or digits"),
        ("  - {keywrd: x, account: anna}\n", "did you mean 'keyword'?", "keywrd"),
    ],
)
def test_a_mistake_is_found_at_its_place(folder: Path, routes: str, label: str, said: str) -> None:
    write(folder, routes)
    settings, problems = load(folder)
    assert settings is None
    [problem] = [each for each in problems if "engine.yaml" in each.place]
    assert said in problem.message
    assert problem.label == label

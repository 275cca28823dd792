"""The laws of the house that a machine can check."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
from engine.failpoints import POINTS
from engine.reason import Reason

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "engine"
BANNED = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "service", "handler", "misc"}


def _modules() -> Iterator[Path]:
    return (path for path in sorted(ENGINE.rglob("*.py")) if "migrations" not in path.parts)


def test_the_import_laws_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_path_of_the_tour_exists() -> None:
    paths = re.findall(r"`(engine/[\w/.]+|tests/\w+/|\.importlinter)`", engine.__doc__ or "")
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_path_in_the_documents_exists() -> None:
    lost = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for path in re.findall(r"`((?:engine|tests|benchmarks|docs|config)/[\w/.\-]*)`", page.read_text()):
            if not (ROOT / path).exists():
                lost.append(f"{page.name}: {path}")
    assert lost == []


def test_no_module_has_a_name_that_carries_nothing() -> None:
    assert [str(path) for path in _modules() if path.stem in BANNED] == []


def test_no_file_is_a_warehouse() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in _modules()}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path) for path in _modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def test_everything_public_says_what_it_means() -> None:
    silent = []
    for path in _modules():
        for node in _public(ast.parse(path.read_text())):
            if not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert silent == []


def test_importing_the_engine_does_no_work_and_prints_nothing() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in _modules()
        if path.stem != "__main__"
    ]
    script = (
        "import importlib, sys, threading\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_failpoint_stands_somewhere_and_only_named_ones_do() -> None:
    standing: list[str] = []
    for path in _modules():
        standing += re.findall(r"failpoint\(\s*\"(\w+)\"", path.read_text())
        standing += re.findall(r"failpoint\(\"(\w+)\" if .* else \"(?:\w+)\"\)", path.read_text())
        standing += re.findall(r"failpoint\(\"(?:\w+)\" if .* else \"(\w+)\"\)", path.read_text())
    assert set(standing) == set(POINTS)


def test_every_reason_has_a_sentence_of_its_own() -> None:
    sentences = [reason.sentence for reason in Reason]
    assert all(sentence.endswith(".") or ":" in sentence for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def test_every_reason_is_used() -> None:
    code = "\n".join(path.read_text() for path in _modules() if path.name != "reason.py")
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in code] == []


def test_the_requirement_lock_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock


@pytest.mark.parametrize("word", ["/work/", ".library", "pypi.org", "registry.npmjs"])
def test_nothing_names_the_place_it_was_built(word: str) -> None:
    found = subprocess.run(
        ["git", "grep", "-lF", "--", word, ":!tests/house"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""

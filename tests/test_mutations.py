"""A thousand slips of the finger in the shipped samples: each is found where it stands, and most are put right."""

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.cli.schema import models
from engine.document import Document, read
from engine.document.known import Known
from engine.document.problem import Problem, Span
from engine.settings import load
from tests.builders import write_starter

ROOT = Path(__file__).parents[1]
OFFICE = ROOT / "docs" / "samples" / "office"
#: Which schema a file is held against, by the folder it stands in.
KINDS = {"rules": "rules", "contacts": "contacts", "lists": "lists", "windows": "windows", "templates": "templates"}
#: Settings whose values are names out of a closed set.
CHOICES = {"channels", "then", "beyond", "on_unknown", "priority", "accept", "by", "template", "window", "not_window"}
SLIPS = 1000
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Token:
    """A word that the language knows, where it stands."""

    file: Path
    line: int
    col: int
    word: str


def samples(folder: Path) -> list[Path]:
    """Both shipped configurations, written into `folder`."""
    shutil.copytree(OFFICE, folder / "office")
    write_starter(folder / "starter")
    (folder / "starter" / "secrets" / "me.password").write_text("x")
    return [folder / "office", folder / "starter"]


def tokens(root: Path) -> Iterator[Token]:
    """Every word of the language in the files of one configuration."""
    for file in sorted(root.rglob("*.yaml")):
        kind = KINDS.get(file.relative_to(root).parts[0])
        if kind is None:
            continue
        document = read(file.read_bytes(), str(file))
        known = Known(models()[kind])
        for path, span in document.keys.items():
            if str(path[-1]) in known.names(path[:-1]) and path[0] != "tests":
                yield Token(file, span.line, span.col, str(path[-1]))
        for path, span in document.values.items():
            value = _at(document, path)
            if isinstance(value, str) and path[0] != "tests":
                yield from _words(file, document, path, span, value)


def _at(document: Document, path: tuple[Any, ...]) -> Any:
    data = document.data
    for step in path:
        data = data[step]
    return data


def _words(file: Path, document: Document, path: tuple[Any, ...], span: Span, value: str) -> Iterator[Token]:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    line = document.lines[span.line - 1]
    if name in CHOICES or (name in ("to", "in") and re.fullmatch(r"(group:)?[a-z-]+", value)):
        word = value.removeprefix("group:")
        yield Token(file, span.line, line.index(word, span.col - 1) + 1, word)
    elif name == "text" or path[0] == "templates":
        for found in re.finditer(r"\{([a-z.]+)", line):
            yield Token(file, span.line, found.start(1) + 1, found[1])


def slip(word: str, chance: random.Random) -> str:
    """The word with one slip: a letter left out, doubled, swapped with the next, or hit beside."""
    at = chance.randrange(len(word))
    match chance.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[: at + 1] + word[at:]
        case 2 if at + 1 < len(word):
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case _:
            return word[:at] + chance.choice(LETTERS) + word[at + 1 :]


def _found(problems: list[Problem], token: Token) -> list[Problem]:
    return [
        problem
        for problem in problems
        if problem.file == str(token.file)
        and problem.span.line == token.line
        and problem.span.col <= token.col < problem.span.end_col
    ]


@pytest.mark.timeout(600)
def test_a_slip_in_a_sample_is_found_at_its_place_and_mostly_put_right(tmp_path: Path) -> None:
    roots = samples(tmp_path)
    for root in roots:
        _, problems = load(root)
        assert [problem for problem in problems if problem.severity == "error"] == []
    every = [(root, token) for root in roots for token in tokens(root)]
    words = {token.word for _, token in every}
    chance = random.Random(1)
    missed, wrong, tried = [], [], 0
    while tried < SLIPS:
        root, token = chance.choice(every)
        written = slip(token.word, chance)
        if len(token.word) < 2 or not written or written in words or re.sub(r"[\W_]", "", written) == token.word:
            continue  # another word of the language is no mistake that anybody could see
        text = token.file.read_text()
        lines = text.split("\n")
        line = lines[token.line - 1]
        lines[token.line - 1] = line[: token.col - 1] + written + line[token.col - 1 + len(token.word) :]
        token.file.write_text("\n".join(lines))
        try:
            _, problems = load(root)
        finally:
            token.file.write_text(text)
        tried += 1
        found = _found([problem for problem in problems if problem.severity == "error"], token)
        if not found:
            missed.append((token, written, problems))
        elif not any(
            re.search(rf"'(group:)?{re.escape(token.word)}'", f"{each.label} {each.message}") for each in found
        ):
            wrong.append((token.word, written, [each.label or each.message for each in found]))
    assert missed == [], missed[:5]
    assert len(wrong) <= SLIPS // 10, (len(wrong), wrong)

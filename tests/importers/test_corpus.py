"""Every filter of the corpora becomes a rule or stands in the list, and `tocsin check` takes the rules."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from tests.importers.converting import convert, files

KINDS = ("gmail", "thunderbird", "sieve")
EVERY = [(kind, path) for kind in KINDS for path in files(kind)]
_START = {"gmail": r"<entry>", "thunderbird": r'^name="', "sieve": r"\b(?:if|elsif|else)\b"}


def _spans(kind: str, text: str) -> list[tuple[int, int]]:
    """First and last line of each filter; of Sieve of each innermost block."""
    lines = text.splitlines()
    if kind == "sieve":
        plain = re.sub(r"(?m)^#.*|/\*(?s:.*?)\*/", lambda found: "\n" * found[0].count("\n"), text)
        plain = re.sub(r"\$\{\w*\}", "", plain)
        blocks = re.finditer(r"\{[^{}]*(?:[{}][^{}]*\}\s*\n\.\n\{[^{}]*)?\}", plain)
        return [
            (plain.count("\n", 0, max(plain.rfind("}", 0, at.start()), 0)) + 1, plain.count("\n", 0, at.end()) + 1)
            for at in blocks
        ]
    starts = [number for number, line in enumerate(lines, 1) if re.search(_START[kind], line)]
    return [(start, end - 1) for start, end in zip(starts, [*starts[1:], len(lines) + 1], strict=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_fifty_of_each_kind(kind: str) -> None:
    assert sum(len(_spans(kind, path.read_text())) for path in files(kind)) >= 50


@pytest.mark.parametrize(("kind", "path"), EVERY, ids=lambda value: getattr(value, "stem", value))
def test_every_filter_is_a_rule_or_listed_with_its_line(kind: str, path: Path) -> None:
    text = path.read_text()
    converted = convert(kind, path.read_bytes())
    named = {int(line) for line in re.findall(r"^  # x:(\d+)$", converted.text, re.MULTILINE)}
    named |= {left.line for left in converted.left if not left.part}
    lost = [span for span in _spans(kind, text) if not any(span[0] <= line <= span[1] for line in named)]
    assert lost == []
    assert all(left.reason and left.name for left in converted.left)


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize(("kind", "path"), EVERY, ids=lambda value: getattr(value, "stem", value))
def test_check_takes_the_rules(kind: str, path: Path, everything: bool, tmp_path: Path) -> None:
    written = tmp_path / "imported.yaml"
    run = CliRunner()
    done = run.invoke(main, ["import", kind, str(path), "--output", str(written), *(["--all"] if everything else [])])
    assert done.exit_code == 0, done.output
    checked = run.invoke(main, ["check", str(written)])
    assert checked.exit_code == 0, checked.output

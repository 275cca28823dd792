"""What docs/appointments.md shows is what the engine takes, and its rules do what it says."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.document import has_errors
from engine.rsvp import read_answer
from engine.rules.offset import read_offset
from engine.rules.texts.phrases import Phrase, say
from engine.settings import load
from tests.builders import write_starter

PAGE = (Path(__file__).parents[1] / "docs/appointments.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def _block(begin: str) -> str:
    return next(block for block in BLOCKS if block.startswith(begin))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter configuration with everything that the page shows."""
    write_starter(tmp_path)
    for secret in ("me", "home"):
        (tmp_path / f"secrets/{secret}.password").write_text("secret")
    account = tmp_path / "accounts/me.yaml"
    account.write_text(account.read_text() + _block("calendars:") + _block("agenda:"))
    (tmp_path / "rules/me/appointments.yaml").write_text(_block("version: 1") + _block("tests:"))
    return tmp_path


def test_all_that_it_shows_is_one_configuration(folder: Path) -> None:
    (folder / "rules/me/invitations.yaml").write_text(_block("version: 1\nrules:\n  - name: Invitations"))
    settings, problems = load(folder)
    assert not has_errors(problems), problems
    assert settings is not None
    [me] = settings.accounts
    assert [feed.name for feed in me.calendars] == ["work", "club", "home"]
    assert [agenda.name for agenda in me.account.agendas] == ["morning", "week"]


def test_its_tests_pass(folder: Path) -> None:
    done = CliRunner().invoke(main, ["-c", str(folder), "test"])
    assert (done.exit_code, done.stdout.partition(chr(10))[2]) == (0, "1 ok, 0 failed\n"), done.output


TABLE = PAGE.partition("| `remind` | reminds |\n|---|---|\n")[2].partition("\n\n")[0]
FORMS = [form for row in TABLE.splitlines() for form in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_form_of_a_reminder_that_it_names_is_read() -> None:
    assert len(FORMS) == 10
    assert all(read_offset(form).label for form in FORMS)


def test_every_answer_that_it_names_is_one_and_its_example_is_what_is_said() -> None:
    part = PAGE.partition("## Invitations")[2].partition("\n## ")[0]
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", part.partition("language: ")[2].partition(" Without")[0])
    assert len(words) == 14
    assert all(read_answer(word) for word in words if word != "and")
    assert say(Phrase.RSVP, "en", n=2) in part

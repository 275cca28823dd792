"""What the README shows is what the engine takes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from engine.document import has_errors, read, validate
from engine.rules.schema import RuleFile
from engine.sources.imap.mailbox import Mailbox

TEXT = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.S)
YAML = [block for kind, block in BLOCKS if kind == "yaml"]
COMMANDS = sorted(
    {
        line.split()[1]
        for kind, block in BLOCKS
        if kind == "sh"
        for line in block.splitlines()
        if line.startswith("tocsin ")
    }
)


@pytest.mark.parametrize("shown", [block for block in YAML if block.startswith("version:")], ids=["first", "full"])
def test_the_rules_it_shows_are_rules(shown: str) -> None:
    file, problems = validate(read(shown, "README.md"), RuleFile)
    assert not has_errors(problems), problems
    assert file is not None


def test_the_mailbox_it_shows_is_a_mailbox() -> None:
    [shown] = [block for block in YAML if block.startswith("mailboxes:")]
    for each in yaml.load(shown, yaml.BaseLoader)["mailboxes"]:
        assert Mailbox.model_validate(each).folders == ("INBOX", "Alerts")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_it_shows_is_there(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", command, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

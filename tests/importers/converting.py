"""Filters converted, and the rules that come of it asked as the engine asks them."""

import re
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from engine.document import read
from engine.event import MailArrived
from engine.importers.assemble import Converted, Wish
from engine.importers.content import read_content
from engine.rules.evaluate import evaluate
from engine.rules.load import RuleFolder, load
from engine.rules.when.words import slug
from tests.builders import NOW, an_account

DATA = Path(__file__).parents[1] / "data" / "importers"


def files(kind: str) -> list[Path]:
    """The corpus of one kind."""
    return sorted((DATA / kind).iterdir())


def convert(kind: str, content: bytes | str, **wish: object) -> Converted:
    """The rules of a file's content."""
    text = read_content(content if isinstance(content, bytes) else content.encode(), "x")
    found = import_module(f"engine.importers.{kind}").convert(text, Wish("x", **wish))
    assert isinstance(found, Converted)
    return found


#: What a rule says that tells without a text of its own.
NO_TEXT = "(no text)"


def _text(rule: Mapping[str, Any]) -> str:
    notify = rule.get("notify")
    return notify.get("text", NO_TEXT) if notify else ""


class Imported:
    """The rules of a conversion, ready. `lines` and `texts` are of each rule, by its id."""

    def __init__(self, converted: Converted) -> None:
        document = read(converted.text, "rules/anna/x.yaml")
        self.ruleset, problems = load([RuleFolder("anna", "rules/anna", [document])], ["anna"], "v1")
        assert [problem for problem in problems if problem.severity == "error"] == []
        lines = [int(line) for line in re.findall(r"^  # x:(\d+)$", converted.text, re.MULTILINE)]
        written = document.data["rules"] if isinstance(document.data, dict) else []
        names = [slug(rule["name"]) for rule in written]
        self.lines = dict(zip(names, lines, strict=True))
        self.texts = dict(zip(names, map(_text, written), strict=True))
        self._account = an_account(zone="UTC")

    def told(self, event: MailArrived, now: datetime = NOW) -> set[str]:
        """The ids of the rules that tell of a mail."""
        return {each.rule for each in evaluate(event, self._account, self.ruleset, now).notifications}

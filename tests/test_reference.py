"""docs/rules.md says what the models read."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_reference_is_what_make_generate_writes() -> None:
    write = runpy.run_path(str(DOCS / "reference.py"))["write"]
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == write()

"""docs/rules.md and docs/providers.md say what the models read and what the drivers can do."""

import re
import runpy
from pathlib import Path

import pytest

from engine.channels import registry

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(("script", "page"), [("reference.py", "rules.md"), ("catalogue.py", "providers.md")])
def test_a_reference_is_what_make_generate_writes(script: str, page: str) -> None:
    write = runpy.run_path(str(DOCS / script))["write"]
    assert (DOCS / page).read_text(encoding="utf-8") == write()


@pytest.mark.parametrize("name", registry.DRIVERS)
def test_every_setting_of_a_driver_has_a_meaning(name: str) -> None:
    page = (DOCS / "providers.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert "| setting |" in section
    assert re.findall(r"^\| `(\w+)` .*\|  \|$", section.partition("What the codes")[0], re.MULTILINE) == []

"""docs/providers.md knows every driver: its row, its class, and an example that works as it stands."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.channels import registry
from engine.document import read, validate
from engine.net import Http
from engine.noun import Written
from engine.settings.engine_file import engine_file
from tests.contracts.provider import LONG
from tests.servers import require

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text()
#: The first table.
ROWS = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.partition("\nWhat it does")[0], re.MULTILINE))
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def examples(driver: str) -> list[Written]:
    """The settings in the section of a driver."""
    found = []
    for block in re.findall(r"```yaml\n(.*?)```", SECTIONS[driver], re.DOTALL):
        file, problems = validate(read(f"version: 1\n{block}".encode(), "engine.yaml"), engine_file())
        assert file is not None, problems
        found += [each for each in file.providers.values() if getattr(each, "driver", "") == driver]
    return found


def files(value: Any) -> Iterator[Path]:
    """Every file that settings name."""
    if isinstance(value, Path):
        yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from files(inner)


@pytest.mark.parametrize("driver", registry.DRIVERS)
def test_every_driver_has_its_row_and_an_example_that_works_as_it_stands(
    driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = examples(driver)
    assert found, f"no example under '## {driver}'"
    for settings in found:
        for file in files(settings.model_dump()):
            if file.is_absolute():  # a folder of somebody else's
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".pem":
                require("openssl")
                subprocess.run(["openssl", "genrsa", "-out", file, "2048"], check=True, capture_output=True)
            else:
                file.write_text("json://127.0.0.1/{digits}" if driver == "apprise" else "secret")
        provider = registry.build("any", settings, Http(), "https://tocsin.example")
        assert provider.name == "any"
        assert provider.timeout < LONG * 4
        assert registry.channels_of(settings) == provider.channels
        stated = ROWS[driver].split("|")[1]
        assert "as you write it" in stated or provider.provider_class.value in stated


def test_the_page_knows_no_driver_that_is_not_there() -> None:
    assert ROWS.keys() == registry.DRIVERS.keys()

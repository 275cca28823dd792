"""`tocsin schema`: editors and the checker say the same."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.cli.schema import NAMES


def test_the_schemas_are_written_beside_the_files(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["-c", str(tmp_path), "schema"])
    assert result.exit_code == 0
    assert sorted(path.stem for path in (tmp_path / "schema").iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_schema_is_printed(name: str) -> None:
    schema = json.loads(CliRunner().invoke(main, ["schema", name]).stdout)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["version"]["const"] == 1


def test_a_length_of_time_is_shown_as_it_is_written() -> None:
    schema = json.loads(CliRunner().invoke(main, ["schema", "account"]).stdout)
    assert schema["$defs"]["Mailbox"]["properties"]["refresh"]["default"] == "4m"
    assert schema["$defs"]["Late"]["properties"]["after"]["default"] == "1h"


def test_an_editor_may_see_a_number_where_the_checker_reads_text() -> None:
    schema = json.loads(CliRunner().invoke(main, ["schema", "account"]).stdout)
    assert "number" in schema["properties"]["numbers"]["items"]["type"]

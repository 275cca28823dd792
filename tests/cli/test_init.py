"""`tocsin init`: from nothing to one's own mailbox."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.cli.init import fill_in, starter
from engine.cli.schema import NAMES, generate
from engine.document import read
from engine.settings import require

CONFIG = Path(__file__).parents[2] / "config"
MINE = ("--host", "imap.acme.example", "--user", "anna@acme.example", "--number", "0032 (0)475 12 34 56")


def init(folder: Path, *args: str) -> Result:
    """`tocsin init` without a terminal."""
    return CliRunner().invoke(main, ["init", str(folder), *args])


def test_the_first_configuration_needs_only_the_password(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    result = init(folder, *MINE, "--zone", "Europe/Stockholm")
    assert result.exit_code == 0, result.output
    (folder / "secrets/me.password").write_text("x")
    [me] = require(folder).accounts
    assert (me.mailboxes[0].host, me.mailboxes[0].user) == ("imap.acme.example", "anna@acme.example")
    assert (me.account.numbers, me.account.zone) == (("+32475123456",), "Europe/Stockholm")


def test_the_next_commands_are_shown(tmp_path: Path) -> None:
    shown = init(tmp_path / "config", *MINE).stdout
    assert "secrets/me.password" in shown
    assert f"tocsin -c {tmp_path / 'config'} check" in shown
    assert f"tocsin -c {tmp_path / 'config'} run" in shown


def test_nobody_else_can_read_the_password(tmp_path: Path) -> None:
    init(tmp_path, *MINE)
    assert stat.S_IMODE((tmp_path / "secrets/me.password").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert "*" in (tmp_path / "secrets/.gitignore").read_text().splitlines()


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    init(tmp_path, *MINE)
    (tmp_path / "secrets/me.password").write_text("mine")
    (tmp_path / "accounts/me.yaml").write_text("mine")
    result = init(tmp_path, "--host", "other.example")
    assert result.exit_code == 0
    assert (tmp_path / "secrets/me.password").read_text() == "mine"
    assert (tmp_path / "accounts/me.yaml").read_text() == "mine"
    assert "kept" in result.stdout


@pytest.mark.parametrize(
    ("number", "said"), [("0475123456", "country code"), ("+32 2 555 12 34", "landline"), ("x", "country code")]
)
def test_a_number_that_cannot_be_told_is_refused_before_anything_is_written(
    tmp_path: Path, number: str, said: str
) -> None:
    result = init(tmp_path / "new", "--number", number)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = init(tmp_path / "file" / "config", *MINE)
    assert result.exit_code == 1
    assert "cannot be written: Not a directory" in result.stderr


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30))
def test_whatever_is_filled_in_is_read_back(value: str) -> None:
    content = fill_in(dict(starter())["accounts/me.yaml"], host=value, user=value, number=value, zone=value)
    data = read(content, "me.yaml").data
    assert data["mailboxes"][0]["host"] == data["mailboxes"][0]["user"] == value
    assert (data["numbers"], data["zone"]) == ([value], value)


def test_the_repositorys_configuration_is_the_starter() -> None:
    kept = {str(path.relative_to(CONFIG)): path.read_text() for path in CONFIG.rglob("*") if path.is_file()}
    kept = {name: text for name, text in kept.items() if not name.startswith(("schema/", "secrets/me"))}
    assert kept == dict(starter())


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_fresh(name: str) -> None:
    assert (CONFIG / "schema" / f"{name}.json").read_text() == generate()[name], "run 'tocsin schema'"


@pytest.mark.parametrize("name", [name for name, _ in starter() if name.endswith(".yaml")])
def test_every_starter_file_names_its_schema(name: str) -> None:
    first = dict(starter())[name].splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (CONFIG / name).parent.joinpath(first.partition("=")[2]).is_file()

"""What goes wrong on the first day ends in a sentence with a place and a remedy, and in nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.builders import write_starter

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The starter's configuration, complete."""
    folder = tmp_path / "config"
    write_starter(folder)
    (folder / "secrets/me.password").write_text("x")
    return folder


def _tocsin(config: Path, *arguments: str) -> Result:
    done = CliRunner().invoke(main, ["-c", str(config), *arguments])
    assert done.exit_code != 70, done.output
    return done


@pytest.mark.parametrize("name", ["engine.yaml", "accounts/me.yaml", "rules/me/first.yaml", "secrets/me.password"])
def test_a_pipe_in_place_of_a_file_is_named_and_not_waited_for(config: Path, name: str) -> None:
    (config / name).unlink()
    os.mkfifo(config / name)
    done = subprocess.run(
        [sys.executable, "-m", "engine", "-c", str(config), "check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "a pipe or a device" in done.stdout
    assert name in done.stdout


@pytest.mark.parametrize(("place", "said"), [("file", "File exists"), ("loop", "symbolic links"), ("below", "Not a")])
@pytest.mark.parametrize("command", ["balance", "run", "db migrate", "doctor"])
def test_data_that_can_be_no_folder_is_named_with_its_remedy(
    config: Path, command: str, place: str, said: str
) -> None:
    data = config.parent / "var"
    if place == "loop":
        data.symlink_to(data)
    else:
        data.write_text("")
    if place == "below":
        engine = config / "engine.yaml"
        engine.write_text(engine.read_text().replace("data: ../var", "data: ../var/below"))
    done = _tocsin(config, *command.split())
    assert done.exit_code in (1, 3)
    assert str(data) in done.output
    assert "`data:` in engine.yaml" in done.output
    assert said in done.output or place == "loop"


@pytest.mark.parametrize("content", [b"garbage" * 2000, None], ids=["garbage", "cut"])
def test_a_damaged_store_is_no_server_that_comes_back(config: Path, content: bytes | None) -> None:
    assert _tocsin(config, "balance").exit_code == 0
    store = config.parent / "var/store.db"
    store.write_bytes(content or store.read_bytes()[:8192])
    before = store.read_bytes()
    done = _tocsin(config, "balance")
    assert done.exit_code == 1
    assert f"{store}: the store's file is damaged" in done.stderr
    assert "Backup" in done.stderr
    assert store.read_bytes() == before


def test_a_store_that_is_no_file_is_named_with_a_remedy_for_files(config: Path) -> None:
    (config.parent / "var/store.db").mkdir(parents=True)
    done = _tocsin(config, "balance")
    assert done.exit_code == 3
    assert "whose it is" in done.stderr


@pytest.mark.parametrize("amount", ["1e3", "1_000", "١٠", "1.000", "1,000", "0.001", "NaN", "", "10 EUR", "0"])
def test_an_amount_that_can_be_read_in_two_ways_moves_no_money(config: Path, amount: str) -> None:
    done = _tocsin(config, "topup", "me", amount, "--yes")
    assert done.exit_code == 2
    assert "AMOUNT" in done.stderr
    assert "balance" not in _tocsin(config, "balance").stdout


@pytest.mark.parametrize("amount", ["5", "5.00", "5,00", " 5 "])
def test_an_amount_as_people_write_it_is_added(config: Path, amount: str) -> None:
    assert "added EUR 5.00 to me" in _tocsin(config, "topup", "me", amount, "--yes").stdout


def test_what_is_no_text_is_neither_sent_nor_a_defect(config: Path) -> None:
    done = _tocsin(config, "send", "--to", "+32470000001", "--text", "x\udced\udca0", "--test")
    assert done.exit_code == 2
    assert "no text in UTF-8" in done.stderr


def test_a_terminal_that_is_not_utf8_shows_what_it_can(config: Path) -> None:
    numberless = config / "tariff.yaml"
    numberless.write_text("version: 1\ncurrency: EUR\nsms: []\n")
    done = subprocess.run(
        [sys.executable, "-m", "engine", "-c", str(config), "check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"+32?01" in done.stdout


def test_a_full_disk_behind_the_output_is_no_defect(config: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "engine", "-c", str(config), "check"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "the output: there is no room left to write to\n")


@pytest.mark.parametrize("option", ["--host", "--user", "--number"])
def test_an_empty_answer_is_not_the_example(tmp_path: Path, option: str) -> None:
    """`--number "$NUMBER"` without the variable must not write a stranger's number."""
    done = CliRunner().invoke(main, ["init", str(tmp_path / "new"), option, ""])
    assert done.exit_code == 2
    assert option in done.output
    assert not (tmp_path / "new").exists()


def test_a_folder_that_nobody_reads_is_named_with_what_was_meant(config: Path) -> None:
    (config / "rules").rename(config / "rule")
    done = _tocsin(config, "check")
    assert "nobody reads this folder" in done.stdout
    assert "did you mean 'rules'?" in done.stdout


def test_a_file_that_nobody_reads_is_named(config: Path) -> None:
    (config / "tarif.yaml").write_text("version: 1\n")
    assert "nobody reads this file" in _tocsin(config, "check").stdout


def test_rules_behind_a_link_that_leads_nowhere_are_missed(config: Path) -> None:
    link = config / "rules/me"
    for each in link.iterdir():
        each.unlink()
    link.rmdir()
    link.symlink_to("me")
    done = _tocsin(config, "check")
    assert done.exit_code == 1
    assert "this link leads nowhere" in done.stdout


def test_a_folder_in_place_of_a_file_of_rules_is_missed(config: Path) -> None:
    (config / "rules/me/first.yaml").unlink()
    (config / "rules/me/first.yaml").mkdir()
    done = _tocsin(config, "check")
    assert done.exit_code == 1
    assert "Is a directory" in done.stdout


def test_a_loop_of_links_that_is_checked_by_name_is_no_defect(config: Path) -> None:
    loop = config / "rules/me/loop.yaml"
    loop.symlink_to(loop)
    done = _tocsin(config, "check", str(loop))
    assert done.exit_code == 1
    assert "symbolic links" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"0.08"', '"0,08 EUR"', "write a price as 0.08"),
        ("provider: phone", "provider: [phone, phone]", "named twice"),
    ],
)
def test_a_line_of_the_tariff_is_answered_in_words(config: Path, old: str, new: str, said: str) -> None:
    tariff = config / "tariff.yaml"
    tariff.write_text(tariff.read_text().replace(old, new))
    done = _tocsin(config, "check")
    assert done.exit_code == 1
    assert said in done.stdout


def test_the_line_that_the_tariff_lacks_is_shown_with_the_whole_country_code(config: Path) -> None:
    account = config / "accounts/me.yaml"
    account.write_text(account.read_text().replace("+32 470 00 00 01", "+351 912 345 678"))
    assert '{prefix: "+351"' in _tocsin(config, "check").stdout


def test_a_token_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff")
    done = CliRunner().invoke(main, ["phone", "--token-file", str(tmp_path / "token")])
    assert done.exit_code == 2
    assert "cannot be read as text" in done.stderr


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        ("inbound:\n  - {number: '+32 460 20 00 00', account: anna}\n", "engine"),
        ("bounces: {}\n", "engine"),
        ("agenda:\n  - {name: morning, at: '07:30'}\n", "account"),
        ("calendars:\n  - {name: club, file: /srv/club.ics}\n", "account"),
    ],
)
def test_a_piece_of_the_documents_is_known_for_what_it_is(tmp_path: Path, shown: str, kind: str) -> None:
    (tmp_path / "piece.yaml").write_text(f"version: 1\n{shown}")
    done = CliRunner().invoke(main, ["check", str(tmp_path / "piece.yaml")])
    assert "'rules' is missing" not in done.stdout
    assert ("'id' is missing" in done.stdout) == (kind == "account")

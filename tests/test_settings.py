"""The configuration folder is read whole: settings, or every mistake of every file."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.channels.providers.fake import FakeSettings
from engine.document import report
from engine.errors import ConfigurationError
from engine.settings import Settings, load, require
from tests.builders import write_starter

Edit = Callable[[str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good configuration."""
    config = tmp_path / "config"
    write_starter(config)
    (config / "secrets/me.password").write_text("hunter2\n")
    return config


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Replaces a text in one of its files."""

    def change(name: str, old: str, new: str) -> None:
        content = (folder / name).read_text()
        assert old in content
        (folder / name).write_text(content.replace(old, new))

    return change


def _said(folder: Path) -> list[str]:
    settings, problems = load(folder)
    assert (settings is None) == any(problem.severity == "error" for problem in problems)
    return [f"{Path(problem.file).relative_to(folder)}: {problem.message}" for problem in problems]


def test_the_starter_is_a_good_configuration(folder: Path) -> None:
    settings, problems = load(folder)
    assert problems == []
    assert settings is not None
    [me] = settings.accounts
    assert (me.account.id, me.account.numbers, me.account.plan.parts_per_month) == ("me", ("+32470000001",), 50)
    assert me.mailboxes[0].password_file == folder / "secrets/me.password"
    assert [rule.id for rule in settings.ruleset.of("me")] == ["urgent"]
    assert settings.ruleset.version == settings.version
    assert isinstance(settings.providers["phone"], FakeSettings)
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8025)
    assert settings.account("me") is me
    assert settings.account("you") is None


def test_settings_cannot_be_changed(folder: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        require(folder).data = Path("/")  # type: ignore[misc]


def test_what_is_written_stands_beside_the_configuration_by_default(folder: Path) -> None:
    settings = require(folder)
    assert settings.data == folder.parent / "var"
    assert settings.stream == f"sqlite:///{folder.parent}/var/stream.db"
    assert settings.store == f"sqlite:///{folder.parent}/var/store.db"


def test_relative_files_begin_at_the_configuration_folder(folder: Path, edit: Edit) -> None:
    edit("engine.yaml", "data: ../var", "data: here\nstore: sqlite:///../x.db\nstream: kafka://one:9092")
    settings = require(folder)
    assert (settings.data, settings.store) == (folder / "here", f"sqlite:///{folder.parent}/x.db")
    assert settings.stream == "kafka://one:9092"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("kafka://", "'' is not a host and its port"),
        ("kafka://one:9092,two:x", "'two:x' is not a host and its port"),
        ("kafka://anna:secret@one?sasl=kerberos", "sasl is one of scram-sha-512, scram-sha-256, plain"),
        ("kafka://one?replicas=3", "'replicas' is not known here: replication, prefix and sasl are"),
        ("kafka://one?replication=30", "replication is a number from 1 to 9"),
        ("kafka://one?prefix=a/b", "a prefix has letters, digits, '.', '_' and '-'"),
    ],
)
def test_a_wrong_address_of_a_kafka_is_found_in_the_file(folder: Path, edit: Edit, address: str, said: str) -> None:
    edit("engine.yaml", "data: ../var", f"data: here\nstream: {address}")
    [problem] = _said(folder)
    assert problem.startswith("engine.yaml: stream")
    assert said in problem


def test_the_place_of_the_caller_does_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = require(folder)
    monkeypatch.chdir(folder.parent)
    after = require(Path("config"))
    assert (after.folder, after.data, after.store) == (before.folder, before.data, before.store)
    assert (after.accounts, after.version) == (before.accounts, before.version)


@pytest.mark.parametrize("name", ["engine.yaml", "tariff.yaml"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"{name}: this file is missing" in _said(folder)


def test_a_missing_folder_says_how_to_make_one(tmp_path: Path) -> None:
    settings, [problem] = load(tmp_path / "nowhere")
    assert settings is None
    assert "tocsin init" in problem.hint


def test_the_mistakes_of_all_files_are_told_at_once(folder: Path, edit: Edit) -> None:
    edit("engine.yaml", "driver: fake", "driver: fkae")
    edit("tariff.yaml", "currency: EUR", "currency: euro")
    edit("accounts/me.yaml", "zone: Europe/Brussels", "zone: Brussels")
    edit("rules/me/first.yaml", "max_parts: 1", "max_parts: 0")
    assert [line.partition(":")[0] for line in _said(folder)] == [
        "accounts/me.yaml",
        "engine.yaml",
        "rules/me/first.yaml",
        "tariff.yaml",
    ]


def test_a_tariff_that_names_no_provider_is_told_what_was_meant(folder: Path, edit: Edit) -> None:
    edit("engine.yaml", "  phone:", "  phones:")
    _, problems = load(folder)
    assert len(problems) == 5
    assert {problem.label for problem in problems} == {"did you mean 'phones'?"}


def test_a_second_account_of_one_id_shows_both(folder: Path) -> None:
    (folder / "accounts/you.yaml").write_text("version: 1\nid: me\n")
    _, [problem] = load(folder)
    assert problem.place == f"{folder}/accounts/you.yaml:2:5"
    assert problem.related[0].file == f"{folder}/accounts/me.yaml"


@pytest.mark.parametrize(
    ("written", "region", "kept"),
    [
        ("+32 475 12 34 56", None, "+32475123456"),
        ("0032 (0)475 12 34 56", None, "+32475123456"),
        ("0475123456", "BE", "+32475123456"),
        ("+46 70 123 45 67", "BE", "+46701234567"),
    ],
)
def test_numbers_are_kept_in_one_form(folder: Path, edit: Edit, written: str, region: str | None, kept: str) -> None:
    edit("accounts/me.yaml", '"+32 470 00 00 01"', written)
    edit("engine.yaml", "# region: BE", f"region: {region}" if region else "")
    assert require(folder).accounts[0].account.numbers == (kept,)


def test_a_number_that_no_tariff_covers_is_a_warning(folder: Path, edit: Edit) -> None:
    edit("accounts/me.yaml", '"+32 470 00 00 01"', '"+41 79 123 45 67"')
    settings, [problem] = load(folder)
    assert settings is not None
    assert (problem.severity, problem.code) == ("warning", "no-route")
    assert "791234567" not in report.gnu([problem])


def test_an_account_that_watches_but_cannot_be_told_is_a_warning(folder: Path, edit: Edit) -> None:
    edit("accounts/me.yaml", 'numbers: ["+32 470 00 00 01"]', "")
    settings, [problem] = load(folder)
    assert settings is not None
    assert problem.code == "no-number"


@pytest.mark.parametrize("what", ["empty", "missing", "folder", "nul"])
def test_a_secrets_file_that_cannot_serve_is_named_with_its_setting(folder: Path, edit: Edit, what: str) -> None:
    path = folder / "secrets/me.password"
    path.unlink()
    if what == "empty":
        path.write_text("\n")
    elif what == "folder":
        path.mkdir()
    elif what == "nul":
        edit("accounts/me.yaml", "secrets/me.password\n    # tls", '"secrets/\\0"\n    # tls')
    _, [problem] = load(folder)
    assert problem.message.startswith("password_file: ")
    assert problem.span.line == 25


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(folder: Path) -> None:
    (folder / "engine.yaml").chmod(0)
    assert "engine.yaml: this file cannot be read: Permission denied" in _said(folder)


def test_one_folder_watched_twice_is_a_mistake(folder: Path, edit: Edit) -> None:
    content = (folder / "accounts/me.yaml").read_text()
    mailbox = content[content.index("  - host") :]
    (folder / "accounts/me.yaml").write_text(content + mailbox)
    assert _said(folder) == ["accounts/me.yaml: the folder INBOX of this mailbox is watched twice"]


def test_rules_for_nobody_are_told_what_was_meant(folder: Path) -> None:
    (folder / "rules/me").rename(folder / "rules/mee")
    assert _said(folder) == ["rules/mee: the folder 'mee' is named after no account"]


def test_the_rules_of_an_account_whose_file_is_broken_are_not_called_homeless(folder: Path, edit: Edit) -> None:
    edit("accounts/me.yaml", "version: 1", "version: [")
    assert [line.partition(":")[0] for line in _said(folder)] == ["accounts/me.yaml"]


def test_files_that_nobody_would_read_are_mistakes(folder: Path) -> None:
    (folder / "rules/loose.yaml").write_text("version: 1\nrules: []\n")
    (folder / "rules/me/second.yml").write_text("version: 1\nrules: []\n")
    assert _said(folder) == [
        "rules/loose.yaml: this file is in no account's folder, so nobody reads it",
        "rules/me/second.yml: files that end in .yml are not read",
    ]


def test_hidden_files_and_pages_for_people_are_left_alone(folder: Path) -> None:
    (folder / "rules/me/.first.yaml.swp").write_bytes(b"\xff")
    (folder / "rules/README.md").write_text("hello")
    assert _said(folder) == []


def test_the_version_changes_with_every_byte_and_name_but_no_secret(folder: Path, edit: Edit) -> None:
    first = require(folder).version
    (folder / "secrets/me.password").write_text("other")
    assert require(folder).version == first
    edit("rules/me/first.yaml", "name: Urgent", "name:  Urgent")
    second = require(folder).version
    (folder / "rules/me/first.yaml").rename(folder / "rules/me/other.yaml")
    assert len({first, second, require(folder).version}) == 3
    assert len(first) == 12


def test_require_raises_the_whole_report_and_no_secret(folder: Path, edit: Edit) -> None:
    edit("accounts/me.yaml", "password_file: secrets/me.password", "pasword: hunter2")
    with pytest.raises(ConfigurationError) as caught:
        require(folder)
    assert "did you mean 'password'?" in str(caught.value)
    assert "1 error in" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_password_in_a_url_is_never_shown(folder: Path, edit: Edit) -> None:
    edit("engine.yaml", "data: ../var", "store: postgres://tocsin:hunter2@db/tocsin")
    _, problems = load(folder)
    assert problems
    for form in report.FORMATS.values():
        assert "hunter2" not in form(problems)


def test_a_warning_does_not_forbid_anything(folder: Path, edit: Edit) -> None:
    edit("rules/me/first.yaml", "{subject|90}", "{subject|900}")
    assert isinstance(require(folder), Settings)
    assert len(_said(folder)) == 1

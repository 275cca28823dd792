"""The key for links is made once, for its owner's eyes, and asked for where several machines must share it."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from engine import settings as reading
from engine.errors import ConfigurationError
from engine.settings import Settings
from engine.settings.media_key import media_key
from engine.size import parse

ENGINE = "version: 1\ndata: {data}\nweb: {web}\nproviders: {{phone: {{driver: fake}}}}\n{more}"
RULES = (
    "version: 1\nrules: [{name: a, when: {from: '*'}, notify: {to: me, channels: [mms], attach: images, text: hi}}]"
)


def a_folder(home: Path, web: str = "{}", more: str = "", rules: str = RULES) -> Path:
    folder = home / "config"
    for name in ("accounts", "rules/global"):
        (folder / name).mkdir(parents=True)
    (folder / "engine.yaml").write_text(ENGINE.format(data=home / "var", web=web, more=more))
    line = "{prefix: '+32', price: '0.08', provider: phone}"
    (folder / "tariff.yaml").write_text(f"version: 1\ncurrency: EUR\nsms: [{line}]\n")
    (folder / "accounts" / "anna.yaml").write_text("version: 1\nid: anna\nnumbers: ['+32470000001']\n")
    (folder / "rules" / "global" / "rules.yaml").write_text(rules)
    return folder


def read(folder: Path) -> tuple[Settings | None, list[str]]:
    found, problems = reading.load(folder)
    return found, [each.code for each in problems if each.severity == "error"]


def test_on_one_machine_the_key_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    found, errors = read(a_folder(tmp_path))
    assert (found is not None, errors) == (True, [])
    assert found is not None
    first = media_key(found)
    assert first == media_key(found)
    assert len(first or b"") == 64
    assert stat.S_IMODE((tmp_path / "var" / "media.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "var").iterdir()) == ["media.key"]


def test_several_machines_are_given_one(tmp_path: Path) -> None:
    more = "store: postgresql://u@h/d\n"
    assert read(a_folder(tmp_path / "a", more=more))[1] == ["media-key"]
    plain = RULES.replace("attach: images, ", "")
    assert read(a_folder(tmp_path / "b", more=more, rules=plain))[1] == []
    folder = a_folder(tmp_path / "c", web="{media_key_file: key}", more=more)
    (folder / "key").write_text("k" * 40 + "\n")
    found, errors = read(folder)
    assert errors == []
    assert found is not None
    assert media_key(found) == b"k" * 40


@pytest.mark.parametrize("written", ["short", ""])
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, written: str) -> None:
    found, _ = read(a_folder(tmp_path))
    assert found is not None
    (tmp_path / "key").write_text(written)
    wrong = replace(found, web=found.web.model_copy(update={"media_key_file": tmp_path / "key"}))
    with pytest.raises(ConfigurationError, match="too short"):
        media_key(wrong)


def test_what_nobody_outside_can_fetch_is_said_by_check(tmp_path: Path) -> None:
    from engine.settings.advice import advise

    found, _ = read(a_folder(tmp_path / "a"))
    assert found is not None
    assert "no-public-address" in [each.code for each in advise(found)]
    found, _ = read(a_folder(tmp_path / "b", web="{public: 'https://tocsin.example'}"))
    assert found is not None
    assert "no-public-address" not in [each.code for each in advise(found)]


@pytest.mark.parametrize(("text", "size"), [("5 MB", 5_000_000), ("300kB", 300_000), ("1 MiB", 1 << 20), ("7 B", 7)])
def test_a_size_is_read_as_people_write_it(text: str, size: int) -> None:
    assert parse(text) == size


@pytest.mark.parametrize("text", ["5", "5 MBit", "-1 MB", "1.5 MB", "", "٣ MB"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a size"):
        parse(text)

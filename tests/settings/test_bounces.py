"""The mailboxes for bounces stand beside the providers that send mail."""

from pathlib import Path

import pytest

from engine.settings import load
from tests.builders import write_starter

MAIL = "{driver: smtp, host: localhost, tls: 'off', sender: t@ours.example%s}"
KEYED = ", bounce_address: b@ours.example, bounce_key: 0123456789abcdef"


def _load(tmp_path: Path, provider: str, bounces: str) -> tuple[object, list[str]]:
    config = tmp_path / "config"
    write_starter(config)
    (config / "secrets/me.password").write_text("hunter2\n")
    engine = config / "engine.yaml"
    engine.write_text(engine.read_text().replace("providers:\n", f"{bounces}providers:\n  mail: {provider}\n", 1))
    settings, problems = load(config)
    return settings and settings.bounces, [each.message for each in problems if each.severity == "error"]


def test_a_mailbox_for_bounces_has_its_files_in_the_configuration_folder(tmp_path: Path) -> None:
    written = "bounces: {mail: {host: imap.example, user: b, password_file: secrets/me.password}}\n"
    bounces, problems = _load(tmp_path, MAIL % KEYED, written)
    assert problems == []
    assert isinstance(bounces, dict)
    assert bounces["mail"].password_file == tmp_path / "config/secrets/me.password"


@pytest.mark.parametrize(
    ("keyed", "name", "says"),
    [
        ("", "mail", "no bounces come for the provider 'mail'"),
        (KEYED, "phone", "no bounces come for the provider 'phone'"),
        (KEYED, "mial", "there is no provider 'mial' in engine.yaml"),
    ],
)
def test_a_mailbox_that_no_bounce_can_come_to_is_a_mistake(tmp_path: Path, keyed: str, name: str, says: str) -> None:
    written = f"bounces: {{{name}: {{host: imap.example, user: b, password: x}}}}\n"
    assert _load(tmp_path, MAIL % keyed, written)[1] == [says]


def test_a_password_s_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    written = "bounces: {mail: {host: imap.example, user: b, password_file: nothing}}\n"
    [problem] = _load(tmp_path, MAIL % KEYED, written)[1]
    assert "there is no file" in problem

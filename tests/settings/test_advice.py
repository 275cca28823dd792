"""What `tocsin check` warns of that only the whole configuration shows."""

from pathlib import Path

import pytest

from engine import settings
from engine.settings.advice import advise

SERVER = "host: 127.0.0.1, tls: 'off', sender: tocsin@ours.example"
GATEWAY = f"{{driver: email_gateway, {SERVER}, address: '{{number}}@sms.example'}}"
KANNEL = "{driver: kannel, user: u, password: p}"
MUTE = "{driver: kannel, user: u, password: p, reports: false}"


def warnings(folder: Path, gate: str, fallback: str) -> list[str]:
    """The words of the warning, for an SMS that falls back to mail."""
    for name in ("accounts", "rules/anna"):
        (folder / name).mkdir(parents=True)
    (folder / "engine.yaml").write_text(
        f"version: 1\nproviders:\n  gate: {gate}\n  post: {{driver: smtp, {SERVER}}}\n"
    )
    (folder / "tariff.yaml").write_text(
        "version: 1\ncurrency: EUR\nemail: {provider: post}\n"
        "sms:\n  - {prefix: '+32', price: '0.08', provider: gate}\n"
    )
    (folder / "accounts/anna.yaml").write_text(
        'version: 1\nid: anna\nnumbers: ["+32470000001"]\nemail: anna@example.org\n'
    )
    (folder / "rules/anna/one.yaml").write_text(
        "version: 1\nrules:\n  - name: One\n    when: {subject: urgent}\n    notify:\n"
        f"      - {{to: me, channels: [sms, email], fallback: {fallback}, text: x}}\n"
    )
    found, problems = settings.load(folder)
    assert found is not None, problems
    return [each.message for each in advise(found) if each.code == "no-reports"]


@pytest.mark.parametrize("gate", [GATEWAY, MUTE], ids=["by mail", "reports off"])
def test_a_fallback_that_waits_for_reports_of_a_provider_without_any_is_warned_of(tmp_path: Path, gate: str) -> None:
    [said] = warnings(tmp_path, gate, "{after: 10 min}")
    assert said == "'gate' never says that a message by sms arrived: the next channel is always taken"


@pytest.mark.parametrize(
    ("gate", "fallback"), [(KANNEL, "{after: 10 min}"), (GATEWAY, "{on: [failed]}"), (GATEWAY, "'off'")]
)
def test_a_fallback_that_can_work_is_not(tmp_path: Path, gate: str, fallback: str) -> None:
    assert warnings(tmp_path, gate, fallback) == []

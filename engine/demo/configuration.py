"""The configuration that the demo runs with: the same files that a person would write."""

from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "anna"
USER = "anna@demo.example"
NUMBER = "+32470000001"
PARTS = 9
TOPUP = "5"

_ENGINE = """\
version: 1
data: ../var
web: {{port: {web}}}
providers:
  phone: {{driver: fake, url: "{phone}", class: idempotent, token_file: {token}}}
"""

_TARIFF = """\
version: 1
currency: EUR
sms:
  - {prefix: "+32", price: "0.08", provider: phone}
"""

_ACCOUNT = """\
version: 1
id: anna
language: nl
zone: Europe/Brussels
numbers: ["+32 470 00 00 01"]
signature: off
plan: {{parts_per_month: {parts}, daily_cap: 20}}
mailboxes:
  - host: 127.0.0.1
    port: {port}
    tls: off
    user: {user}
    password_file: {password}
    start: unseen
"""

_RULES = """\
version: 1
rules:
  - name: Boss urgent
    when:
      from: "@acme.example"
      subject: {contains: [spoed, urgent]}
    notify: {to: me, text: "Boss: {subject|80}"}
"""


@dataclass(frozen=True)
class Secrets:
    """Files that hold what the demo's processes share; drawn anew for each demo."""

    token: Path
    password: Path


def write_secrets(folder: Path, token: str, password: str) -> Secrets:
    """Write the secrets beside the configuration, readable by their owner only."""
    secrets = Secrets(token=folder / "phone.token", password=folder / "mailbox.password")
    for file, value in ((secrets.token, token), (secrets.password, password)):
        file.touch(mode=0o600)
        file.write_text(value, encoding="ascii")
    return secrets


def write_configuration(folder: Path, secrets: Secrets, *, web: int, phone: str, mailbox: int) -> Path:
    """Write every file of the configuration below `folder`; the configuration folder comes back."""
    config = folder / "config"
    files = {
        "engine.yaml": _ENGINE.format(web=web, phone=phone, token=secrets.token),
        "tariff.yaml": _TARIFF,
        "accounts/anna.yaml": _ACCOUNT.format(parts=PARTS, port=mailbox, user=USER, password=secrets.password),
        "rules/anna/demo.yaml": _RULES,
    }
    for name, text in files.items():
        file = config / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return config

"""The configuration that the demo runs with: the same files that a person would write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ACCOUNT = "anna"
USER = "anna@demo.example"
NUMBER = "+32470000001"
PARTS = 9
TOPUP = "5"
APPOINTMENT = "Tandarts"
#: So long before an appointment the demo's rule reminds of it.
AHEAD = timedelta(minutes=1)

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

_CALENDARS = """\
calendars:
  - {name: agenda, file: ../agenda.ics}
"""

_REMINDERS = """\
version: 1
rules:
  - name: Appointment soon
    when: {calendar: agenda}
    remind: 1 min
    notify: {to: me, text: "{title} {in}{if location}, {location}{end}"}
"""

_AGENDA = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Tocsin//demo//EN
BEGIN:VEVENT
UID:tandarts@demo.example
DTSTAMP:{now:%Y%m%dT%H%M%SZ}
DTSTART:{start:%Y%m%dT%H%M%SZ}
DURATION:PT30M
SUMMARY:Tandarts
LOCATION:Kerkstraat 5
END:VEVENT
END:VCALENDAR
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
    _write(config, files)
    return config


def add_calendar(config: Path, starts_at: datetime) -> None:
    """Give the account a calendar with one appointment, and a rule that reminds of it; the running engine takes the
    files up. Each file is sound with what stands there before it."""
    start = starts_at.astimezone(UTC)
    account = (config / "accounts/anna.yaml").read_text(encoding="utf-8")
    agenda = _AGENDA.format(now=start, start=start).replace("\n", "\r\n")
    _write(config, {"../agenda.ics": agenda})
    _write(config, {"accounts/anna.yaml": account + _CALENDARS})
    _write(config, {"rules/anna/reminders.yaml": _REMINDERS})


def _write(config: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = config / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")

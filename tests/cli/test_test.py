"""`tocsin test`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.builders import write_starter


def run(folder: Path, *args: str) -> Result:
    """The command, as a shell would start it."""
    return CliRunner().invoke(main, ["-c", str(folder), "test", *args])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good configuration without tests."""
    write_starter(tmp_path)
    (tmp_path / "secrets/me.password").write_text("x")
    return tmp_path


def add(folder: Path, *tests: str, file: str = "rules/me/first.yaml") -> int:
    """Write tests at the end of a rule file; answers the line of the first."""
    path = folder / file
    lines = len(path.read_text().splitlines())
    with path.open("a") as end:
        end.write("tests:\n" + "".join(f"  - {test}\n" for test in tests))
    return lines + 2


def test_what_is_as_expected_is_ok(folder: Path) -> None:
    line = add(folder, "{name: told, mail: {subject: URGENT}, expect: {rule: Urgent, sms: 1}}")
    result = run(folder)
    assert (result.exit_code, result.stdout) == (
        0,
        f"ok    {folder}/rules/me/first.yaml:{line}:5  told\n1 ok, 0 failed\n",
    )


def test_what_is_otherwise_is_shown_at_its_place(folder: Path) -> None:
    test = "{mail: {subject: urgent}, expect: {sms: 2}}"
    line = add(folder, test, "{mail: {subject: x}, expect: nothing}")
    result = run(folder)
    assert result.exit_code == 1
    assert f'first.yaml:{line}:5  mail "urgent" from somebody@example.org' in result.stdout
    assert f"first.yaml:{line}:{5 + test.index('2')}: sms: 2 expected, got 1" in result.stdout
    assert result.stdout.endswith("1 ok, 1 failed\n")


def test_programs_get_every_test(folder: Path) -> None:
    line = add(folder, "{name: a, mail: {subject: urgent}, expect: nothing}")
    (only,) = json.loads(run(folder, "--json").stdout)
    place = f"{folder}/rules/me/first.yaml:{line}"
    message = "nobody was to be told, and me is told by 'Urgent'"
    assert only == {
        "place": f"{place}:5",
        "name": "a",
        "ok": False,
        "misses": [{"place": f"{place}:48", "message": message}],
    }


def test_only_the_tests_of_a_path_are_run(folder: Path) -> None:
    add(folder, "{mail: {subject: urgent}, expect: nothing}")
    add(folder, "{mail: {subject: x}, expect: nothing}", file="rules/global/example.yaml")
    assert run(folder, str(folder / "rules/global")).exit_code == 0
    assert run(folder, str(folder / "rules/me/first.yaml")).exit_code == 1
    assert run(folder, str(folder)).exit_code == 1


def test_a_test_in_a_global_file_says_whose_mail_it_is(folder: Path) -> None:
    me = (folder / "accounts/me.yaml").read_text()
    (folder / "accounts/anna.yaml").write_text(me.replace("id: me", "id: anna").replace("me@example", "anna@example"))
    test = "mail: {subject: urgent}, expect: {rule: Urgent}"
    line = add(folder, f"{{{test}}}", f"{{account: me, {test}}}", file="rules/global/example.yaml")
    result = run(folder)
    assert result.exit_code == 1
    assert f"example.yaml:{line}:5: whose mail is it?" in result.stdout
    assert result.stdout.endswith("1 ok, 1 failed\n")


def test_a_text_from_a_phone_can_be_tested_too(folder: Path) -> None:
    (folder / "rules/me/texts.yaml").write_text(
        "version: 1\nrules: [{name: Help, when: {keyword: hulp}, notify: {text: '{sms_from}: {text}'}}]\n"
    )
    said = "message: {from: '+32 470 00 00 77', text: 'Hulp!'}"
    text = "+32470000077: Hulp!"
    tests = (
        f"{{{said}, expect: {{rule: Help, sms: 1, email: 0, text: '{text}'}}}}",
        "{message: {text: hi}, expect: nothing}",
    )
    add(folder, *tests, file="rules/me/texts.yaml")
    account = folder / "accounts/me.yaml"
    account.write_text(account.read_text() + "\nemail: me@example.org\n")
    assert run(folder).exit_code == 0, run(folder).output


def test_an_appointment_can_be_tested_too(folder: Path) -> None:
    (folder / "rules/me/work.yaml").write_text(
        "version: 1\nrules: [{name: Dentist, when: {title: dentist}, notify: {text: '{title}'}}]\n"
    )
    add(folder, "{appointment: {title: The dentist}, expect: {rule: Dentist, sms: 1}}", file="rules/me/work.yaml")
    assert run(folder).exit_code == 0, run(folder).output


REMINDS = """version: 1
rules:
  - {name: Dentist, when: {title: dentist}, remind: [1 day, "07:30 the same day", alarms], notify: {}}
  - {name: No lunch, when: {title: lunch}, stop: true}
  - {name: All, when: {calendar: {contains: w}}, remind: 2 h, notify: {}}
"""


@pytest.mark.parametrize(
    ("appointment", "remind", "said"),
    [
        (
            "{title: dentist, calendar: home, starts: 2026-03-29 09:00, alarms: 30 min}",
            "[2026-03-28 09:00, 2026-03-29 07:30, 2026-03-29 08:30]",
            "",
        ),
        ("{title: Budget, calendar: work, starts: 2026-03-29 03:30}", "2026-03-29 00:30", ""),
        ("{title: Lunch, calendar: work}", "[]", ""),
        ("{title: dentist, calendar: work, status: cancelled}", "[]", ""),
        (
            "{title: Budget, calendar: work}",
            "2026-01-12 07:00",
            "2026-01-12 07:00 expected, got 2026-01-12 08:00",
        ),
        ("{title: Budget, calendar: home}", "2026-01-12 07:00", "2026-01-12 07:00 expected, got no reminder"),
    ],
    ids=["days, a clock and an alarm", "exact hours", "stopped", "cancelled", "another hour", "none"],
)
def test_the_reminders_of_an_appointment_can_be_tested(
    folder: Path, appointment: str, remind: str, said: str
) -> None:
    (folder / "rules/me/work.yaml").write_text(REMINDS)
    account = folder / "accounts/me.yaml"
    account.write_text(f"{account.read_text()}calendars: [{{name: work, file: a.ics}}]\n")
    add(folder, f"{{appointment: {appointment}, expect: {{remind: {remind}}}}}", file="rules/me/work.yaml")
    result = run(folder)
    assert (result.exit_code, said in result.stdout) == (1 if said else 0, True), result.output


def test_nobody_is_reminded_of_a_mail(folder: Path) -> None:
    add(folder, "{mail: {subject: x}, expect: {remind: 2026-01-12 07:00}}")
    assert "'remind' is expected of an appointment" in run(folder).stderr


def test_a_mistake_is_shown_and_nothing_is_run(folder: Path) -> None:
    add(folder, "{mail: {subjct: urgent}, expect: nothing}")
    result = run(folder)
    assert result.exit_code == 1
    assert "did you mean 'subject'?" in result.stderr


def test_a_file_of_no_configuration_cannot_be_tested(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = tmp_path_factory.mktemp("alone") / "x.yaml"
    alone.write_text("version: 1\nrules: []\n")
    result = run(folder, str(alone))
    assert result.exit_code == 1
    assert "in no configuration folder" in result.stderr


def test_without_tests_that_is_said(folder: Path) -> None:
    assert run(folder).stdout == "no rule file has tests\n"

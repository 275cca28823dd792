"""The calendars and agendas of an account: their names, their files, and the rules that speak of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.account import Agenda
from engine.cli.masking import HIDDEN, Masking, secrets_of
from engine.document import Problem
from engine.settings import Settings, load
from tests.builders import write_starter

CALENDARS = """
calendars:
  - {name: work, file: work.ics}
  - {name: home, url: "https://calendar.example.org/home.ics"}
"""
Write = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good configuration."""
    config = tmp_path / "config"
    write_starter(config)
    (config / "secrets/me.password").write_text("hunter2\n")
    (config / "work.ics").write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    return config


def _load(folder: Path, more: str = "", rules: str = "", scope: str = "me") -> tuple[Settings | None, list[Problem]]:
    account = folder / "accounts/me.yaml"
    account.write_text(account.read_text() + more)
    if rules:
        (folder / "rules" / scope).mkdir(exist_ok=True)
        (folder / "rules" / scope / "90-appointments.yaml").write_text(f"version: 1\nrules:\n{rules}")
    return load(folder)


def test_calendars_are_named_and_their_files_begin_at_the_configuration_folder(folder: Path) -> None:
    settings, problems = _load(folder, CALENDARS)
    assert problems == []
    assert settings is not None
    [me] = settings.accounts
    assert [(feed.name, feed.place) for feed in me.calendars] == [
        ("work", str(folder / "work.ics")),
        ("home", "calendar.example.org:443"),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{name: morning, at: "7:30"}', Agenda(name="morning", at="07:30")),
        ('{name: week, at: "08:00", span: week}', Agenda(name="week", at="08:00", span="week", days=(0,))),
        (
            '{name: all, at: "18:00", days: mon-fri, calendars: work, channels: [email, sms], max_parts: 3, '
            "empty: tell, lane: 3}",
            Agenda(
                name="all",
                at="18:00",
                days=(0, 1, 2, 3, 4),
                calendars=("work",),
                channels=("email", "sms"),
                max_parts=3,
                empty="tell",
                lane=3,
            ),
        ),
    ],
    ids=["defaults", "a week is told on Monday", "all of it"],
)
def test_an_agenda_is_read(folder: Path, written: str, expected: Agenda) -> None:
    settings, problems = _load(folder, f"{CALENDARS}agenda: [{written}]\n")
    assert problems == []
    assert settings is not None
    assert settings.accounts[0].account.agendas == (expected,)


@pytest.mark.parametrize(
    ("more", "code", "label"),
    [
        ("calendars: [{name: work, file: a.ics}, {name: work, file: a.ics}]\n", "duplicate-calendar", ""),
        (f'{CALENDARS}agenda: [{{name: a, at: "07:30"}}, {{name: a, at: "08:30"}}]\n', "duplicate-agenda", ""),
        (
            f'{CALENDARS}agenda: [{{name: a, at: "07:30", calendars: wrok}}]\n',
            "unknown-calendar",
            "did you mean 'work'?",
        ),
        ('agenda: [{name: a, at: "07:30"}]\n', "no-calendar", ""),
    ],
    ids=["two of one name", "two agendas of one name", "an unknown calendar", "no calendar at all"],
)
def test_a_mistake_is_found_at_its_place(folder: Path, more: str, code: str, label: str) -> None:
    settings, problems = _load(folder, more)
    assert settings is None
    [problem] = [problem for problem in problems if problem.severity == "error"]
    assert (problem.code, problem.label) == (code, label)
    assert problem.file.endswith("accounts/me.yaml")


def test_a_file_that_is_not_there_yet_is_a_warning(folder: Path) -> None:
    settings, [problem] = _load(folder, "calendars: [{name: work, file: later.ics}]\n")
    assert settings is not None
    assert (problem.code, problem.severity) == ("no-feed", "warning")
    assert str(folder / "later.ics") in problem.message


@pytest.mark.parametrize("scope", ["me", "global"])
@pytest.mark.parametrize(
    ("when", "place"),
    [
        ("{calendar: wrok}", "4:22"),
        ("{calendar: [work, wrok]}", "4:29"),
        ("{calendar: {is: wrok}}", "4:27"),
        ("{title: x, any: [{calendar: wrok}]}", "4:39"),
        ("{title: x, not: {calendar: wrok}}", "4:38"),
    ],
)
def test_a_rule_about_a_calendar_that_is_not_there_is_a_mistake(
    folder: Path, scope: str, when: str, place: str
) -> None:
    rule = f"  - name: Dentist\n    when: {when}\n    notify: {{}}\n"
    _, problems = _load(folder, CALENDARS, rule, scope)
    [problem] = [problem for problem in problems if problem.code == "unknown-calendar"]
    assert problem.label == "did you mean 'work'?"
    assert problem.place.endswith(f"90-appointments.yaml:{place}")


@pytest.mark.parametrize("when", ["{calendar: WORK}", "{calendar: 'w*k'}", "{calendar: {contains: any}}"])
def test_a_calendar_may_be_written_large_or_by_a_pattern(folder: Path, when: str) -> None:
    _, problems = _load(folder, CALENDARS, f"  - name: Dentist\n    when: {when}\n    notify: {{}}\n")
    assert problems == []


def test_where_an_account_cannot_be_read_nobody_knows_its_calendars(folder: Path) -> None:
    rule = "  - name: Dentist\n    when: {calendar: work}\n    notify: {}\n"
    for scope in ("me", "global"):
        _, problems = _load(folder, "calendars: {}\n" if scope == "me" else "", rule, scope)
        assert [problem.code for problem in problems if problem.code == "unknown-calendar"] == []


def test_the_private_address_and_the_password_of_a_calendar_are_secrets(folder: Path) -> None:
    (folder / "secrets/home.password").write_text("hunter3\n")
    settings, problems = _load(
        folder,
        "calendars:\n"
        "  - {name: work, url: 'https://calendar.example.org/private-3f9c.ics'}\n"
        "  - {name: home, caldav: 'https://dav.example.org/', user: a, password_file: secrets/home.password}\n",
    )
    assert problems == []
    assert settings is not None
    masking = Masking(secrets_of(settings))
    assert masking.hide("asked https://calendar.example.org/private-3f9c.ics with hunter3") == (
        f"asked {HIDDEN} with {HIDDEN}"
    )

"""The files of names are read whole and held against one another."""

from pathlib import Path

import pytest

from engine.cli.init import starter
from engine.document import Problem
from engine.quiet import QuietHours
from engine.rules.book import Book
from engine.settings import load, require

BERT = (
    'contacts: [{id: bert, name: Bert, numbers: ["0470 00 00 02"], email: bert@x.example, fax: "02 222 22 22",'
    ' language: nl, zone: Asia/Tokyo, agreed: "by mail", quiet_hours: {between: "22:00-7:00"}}]'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good configuration."""
    for name, content in starter():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("# region: BE", "region: BE"))
    (tmp_path / "secrets/me.password").write_text("x")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"version: 1\n{text}\n")


def said(folder: Path) -> list[tuple[str, str, str]]:
    """(place, code, label) of every problem."""

    def place(problem: Problem) -> str:
        return f"{Path(problem.file).relative_to(folder)}:{problem.span.line}:{problem.span.col}"

    return [(place(problem), problem.code, problem.label) for problem in load(folder)[1]]


def book(folder: Path, account: str = "me") -> Book:
    return require(folder).ruleset.book(account)


def test_a_contact_is_kept_in_one_form(folder: Path) -> None:
    write(folder, "contacts/a.yaml", BERT)
    bert = book(folder).contacts["bert"]
    assert (bert.numbers, bert.email, bert.fax) == (("+32470000002",), "bert@x.example", "+3222222222")
    assert (bert.name, bert.language, bert.zone, bert.agreed) == ("Bert", "nl", "Asia/Tokyo", "by mail")
    assert bert.quiet_hours == QuietHours(start="22:00", end="07:00", then="hold")


def test_the_contacts_of_an_account_are_its_own_and_those_of_all(folder: Path) -> None:
    write(folder, "accounts/you.yaml", "id: you\nnumbers: ['+32 470 00 00 09']")
    write(folder, "contacts/all.yaml", BERT)
    write(
        folder,
        "contacts/me.yaml",
        "account: me\n" + BERT.replace("id: bert", "id: cara") + "\ngroups: {g: [bert, cara]}",
    )
    write(folder, "contacts/you.yaml", "account: you\n" + BERT.replace("id: bert", "id: cara"))
    assert list(book(folder).contacts) == ["bert", "cara"]
    assert list(book(folder, "you").contacts) == ["bert", "cara"]
    assert (book(folder).groups, book(folder, "you").groups) == ({"g": ("bert", "cara")}, {})
    assert list(require(folder).ruleset.books.shared.contacts) == ["bert"]


def test_lists_windows_and_templates_are_everybodys(folder: Path) -> None:
    write(folder, "lists/a.yaml", "lists: {vip: ['@bank.example', boss@x.example], words: fraude}")
    write(folder, "windows/a.yaml", "windows: {office: {days: mon-fri, between: '08:00-18:00'}}")
    write(folder, "templates/a.yaml", "templates: {one: 'Bank: {subject|80}', two: {nl: Dag, en: Hello}}")
    write(
        folder,
        "rules/me/second.yaml",
        "rules:\n  - name: Bank\n    when: {from: {in: vip}, subject: {in: words}, time: {window: office}}\n"
        "    notify: {template: two}",
    )
    assert said(folder) == []
    found = book(folder)
    assert found.lists == {"vip": ("@bank.example", "boss@x.example"), "words": ("fraude",)}
    assert found.templates == {"one": {"": "Bank: {subject|80}"}, "two": {"nl": "Dag", "en": "Hello"}}
    assert list(found.windows) == ["office"]


@pytest.mark.parametrize(
    ("name", "text", "problems"),
    [
        ("contacts/a.yaml", "contacts: [{id: bert, email: x@y.example}]", [("bert", "no-consent")]),
        ("contacts/a.yaml", "contacts: [{id: bert, agreed: yes}]", [("bert", "no-number")]),
        ("contacts/a.yaml", "account: mee", [("mee", "unknown-account")]),
        ("contacts/a.yaml", f"{BERT}\ngroups: {{g: [bert, brt]}}", [("brt", "unknown-contact")]),
        ("contacts/a.yaml", "contacts: [{id: me, email: x@y.example, agreed: x}]", [("me,", "wrong-value")]),
        ("contacts/a.yaml", BERT.replace("0470 00 00 02", "02 333 33 33"), [('"02 333', "number")]),
        ("contacts/a.yaml", BERT.replace("02 222 22 22", "123"), [('"123"', "number")]),
        ("contacts/a.yaml", BERT.replace("bert@x.example", "bert(at)x"), [("bert(at)x", "wrong-value")]),
        ("contacts/a.yaml", BERT.replace("Asia/Tokyo", "Tokio"), [("Tokio", "wrong-value")]),
        ("contacts/a.yaml", BERT.replace("22:00-7:00", "22-x"), [('"22-x"', "wrong-value")]),
        ("lists/a.yaml", "lists: {contacts: [x]}", [("{contacts", "wrong-value")]),
        ("lists/a.yaml", "lists: {vip: []}", [("[]", "wrong-value")]),
        ("lists/a.yaml", "lists: {vip: ' '}", [("' '", "wrong-value")]),
        ("windows/a.yaml", "windows: {office: {day: mon}}", [("day", "unknown-setting")]),
        ("templates/a.yaml", "templates: {one: '{subjct}'}", [("subjct", "text")]),
        (
            "templates/a.yaml",
            "templates: {one: {en: '{subjct}', xx: y}}",
            [("subjct", "text"), ("xx", "unknown-setting")],
        ),
        ("templates/a.yaml", "templates: {one: {}}", [("{}", "wrong-value")]),
        ("templates/a.yaml", "templates: {one: }", [("one", "empty")]),
    ],
)
def test_a_mistake_is_shown_at_its_place(folder: Path, name: str, text: str, problems: list[tuple[str, str]]) -> None:
    write(folder, name, text)
    lines = (folder / name).read_text().splitlines()
    expected = []
    for token, code in problems:
        line = next(number for number, line in enumerate(lines, 1) if token in line)
        expected.append((f"{name}:{line}:{lines[line - 1].index(token) + 1}", code))
    assert [(place, code) for place, code, _ in said(folder)] == expected


def test_a_name_given_twice_shows_both(folder: Path) -> None:
    write(folder, "contacts/a.yaml", BERT + "\ngroups: {g: [bert]}")
    write(folder, "contacts/b.yaml", "account: me\n" + BERT + "\ngroups: {g: [bert]}")
    write(folder, "lists/a.yaml", "lists: {vip: [x]}")
    write(folder, "lists/b.yaml", "lists: {vip: [y]}")
    problems = load(folder)[1]
    assert [problem.code for problem in problems] == ["duplicate-contact", "duplicate-group", "duplicate-list"]
    assert [Path(problem.related[0].file).name for problem in problems] == ["a.yaml"] * 3


def test_a_global_rule_knows_only_the_contacts_of_all(folder: Path) -> None:
    write(folder, "contacts/me.yaml", "account: me\n" + BERT)
    rule = "rules: [{name: R, when: {from: '*'}, notify: {to: bert}}]"
    write(folder, "rules/me/second.yaml", rule)
    assert said(folder) == []
    write(folder, "rules/global/second.yaml", rule)
    assert [code for _, code, _ in said(folder)] == ["unknown-contact"]


def test_a_contact_whose_number_no_tariff_covers_is_a_warning_without_the_number(folder: Path) -> None:
    write(folder, "contacts/a.yaml", BERT.replace("0470 00 00 02", "+41 79 123 45 67"))
    settings, [problem] = load(folder)
    assert settings is not None
    assert (problem.code, "1234567" in problem.message, "'bert'" in problem.message) == ("no-route", False, True)


def test_a_rule_that_mails_its_own_mailbox_is_refused(folder: Path) -> None:
    account = folder / "accounts/me.yaml"
    account.write_text(account.read_text().replace("# email: me@example.com  ", "email: ME@example.org  "))
    write(folder, "rules/me/second.yaml", "rules: [{name: R, when: {from: '*'}, notify: {channels: [sms, email]}}]")
    assert [(place, code) for place, code, _ in said(folder)] == [("rules/me/second.yaml:2:46", "own-mailbox")]


@pytest.mark.parametrize(
    ("setting", "signature"), [("", "Tocsin"), ("signature: off", ""), ("signature: Anna's desk", "Anna's desk")]
)
def test_an_account_signs_unless_it_says_off(folder: Path, setting: str, signature: str) -> None:
    write(folder, "accounts/you.yaml", f"id: you\nname: Anna\nemail: a@x.example\n{setting}")
    settings = require(folder).account("you")
    assert settings is not None
    assert (settings.account.signature, settings.account.name) == (signature, "Anna")


def test_an_account_may_have_quiet_hours(folder: Path) -> None:
    write(folder, "accounts/you.yaml", "id: you\nquiet_hours: {between: '22:30-07:00', then: drop}")
    settings = require(folder).account("you")
    assert settings is not None
    assert settings.account.quiet_hours == QuietHours(start="22:30", end="07:00", then="drop")
    write(folder, "accounts/you.yaml", "id: you\nquiet_hours: off")
    assert require(folder).accounts[1].account.quiet_hours is None


def test_a_change_in_a_book_is_another_version(folder: Path) -> None:
    before = require(folder).version
    write(folder, "lists/a.yaml", "lists: {vip: [x]}")
    assert require(folder).version != before

"""Names in `notify` are found or refused at their place, with what was meant."""

import pytest

from engine.account import Account, Contact
from engine.document import Problem, read
from engine.quiet import QuietHours
from engine.rules.book import Book, Books
from engine.rules.load import RuleFolder, load
from engine.rules.ready import Owner
from tests.builders import an_account

CONTACTS = {"bert": Contact(id="bert", email="bert@x.example"), "cara": Contact(id="cara")}
BOOK = Book(contacts=CONTACTS, groups={"accounting": ("bert",)}, templates={"hello": {"": "Hello {subject|20}"}})


def said(rule: str, scope: str = "anna", account: Account | None = None, watched: str = "") -> list[Problem]:
    """The problems of one rule."""
    text = f"version: 1\nrules:\n  - name: Boss\n    when: {{from: '*'}}\n    {rule}\n"
    owners = {"anna": Owner(account or an_account(), frozenset(watched.split()))}
    folder = RuleFolder(scope, scope, [read(text, "r.yaml")])
    return load([folder], ["anna"], books=Books(BOOK), owners=owners)[1]


@pytest.mark.parametrize(
    ("rule", "place", "code", "label"),
    [
        ("notify: {to: brt}", "5:18", "unknown-contact", "did you mean 'bert'?"),
        ("notify: {to: [me, beert]}", "5:23", "unknown-contact", "did you mean 'bert'?"),
        ("notify: {to: accounting}", "5:18", "unknown-contact", "did you mean 'group:accounting'?"),
        ("notify: {to: 'group:acounting'}", "5:18", "unknown-group", "did you mean 'group:accounting'?"),
        ("notify: {to: 'group:bert'}", "5:18", "unknown-group", "did you mean 'bert'?"),
        ("notify: {template: helo}", "5:24", "unknown-template", "did you mean 'hello'?"),
        ("notify: {template: hello, text: x}", "5:24", "two-texts", ""),
        ("notify: {text: '{title}'}", "5:22", "text", "did you mean 'subject'?"),
        ("notify: [{name: a}, {name: a}]", "5:32", "duplicate-action", "give each a 'name:' of its own"),
        ("notify: {}\n    limits: {quiet_hours: {between: '22:00-07:00', except: {from: {in: bossess}}}}",
         "6:72", "unknown-name", ""),
    ],
)  # fmt: skip
def test_a_name_that_nobody_knows_is_refused_at_its_place(rule: str, place: str, code: str, label: str) -> None:
    [problem] = said(rule)
    assert (problem.severity, problem.code, problem.label) == ("error", code, label)
    assert problem.place == f"r.yaml:{place}"


@pytest.mark.parametrize(
    "rule",
    ["notify: {to: [me, bert, 'group:accounting'], template: hello, channels: [sms, email]}", "notify: {to: cara}"],
)
def test_a_name_that_is_known_is_no_problem(rule: str) -> None:
    assert said(rule) == []


@pytest.mark.parametrize("to", ["anna@x.example", "'+32470000001'", "0470 12 34 56", "'{from.address}'"])
def test_nobody_is_told_by_an_address_that_stands_in_a_rule_or_a_mail(to: str) -> None:
    [problem] = said(f"notify: {{to: {to}}}")
    assert problem.message == "write me, a contact's id or group:name here"
    assert "contacts/" in problem.hint


NIGHT_MAIL = QuietHours(start="22:00", end="07:00", then="email")


@pytest.mark.parametrize("scope", ["anna", "global"])
@pytest.mark.parametrize(
    ("rule", "watched", "refused"),
    [
        ("notify: {channels: [sms, email]}", "anna@x.example other@x.example", True),
        ("notify: {channels: [sms, email]}", "other@x.example", False),
        ("notify: {channels: sms}", "anna@x.example", False),
        ("notify: {beyond: email}", "anna@x.example", True),
        ("notify: {to: [me, bert], channels: email}", "bert@x.example", True),
        ("notify: {to: 'group:accounting', channels: email}", "bert@x.example", True),
        ("notify: {}\n    limits: {quiet_hours: {between: '22:00-07:00', then: email}}", "anna@x.example", True),
    ],
)
def test_a_rule_that_mails_the_mailbox_it_watches_is_refused(
    scope: str, rule: str, watched: str, refused: bool
) -> None:
    problems = said(rule, scope, an_account(email="Anna@x.example"), watched)
    assert [(problem.severity, problem.code) for problem in problems] == [("error", "own-mailbox")] * refused


def test_the_accounts_quiet_hours_may_make_a_rule_mail_its_own_mailbox() -> None:
    account = an_account(email="anna@x.example", quiet_hours=NIGHT_MAIL)
    assert [problem.code for problem in said("notify: {}", "anna", account, "anna@x.example")] == ["own-mailbox"]
    assert said("notify: {}\n    limits: {quiet_hours: off}", "anna", account, "anna@x.example") == []


@pytest.mark.parametrize(
    ("signature", "rule", "warned"),
    [
        ("", "text: '%s'" % ("x" * 154), False),
        ("Tocsin", "text: '%s'" % ("x" * 153), False),
        ("Tocsin", "text: '%s'" % ("x" * 154), True),
        ("Tocsin", "text: '%s', signature: off" % ("x" * 154), False),
        ("Tocsin", "text: '%s', beyond: email" % ("x" * 400), False),
        ("Tocsin", "text: '%s', beyond: split" % ("x" * 400), False),
        ("Tocsin", "text: '%s', channels: email" % ("x" * 400), False),
        ("ë", "text: '%s'" % ("x" * 154), True),
    ],
)
def test_a_signature_counts_in_the_warning_of_a_long_text(signature: str, rule: str, warned: bool) -> None:
    problems = said(f"notify: {{{rule}}}", account=an_account(signature=signature))
    assert [(problem.severity, problem.code) for problem in problems] == [("warning", "too-long")] * warned


def test_names_are_told_in_the_same_run_as_other_mistakes() -> None:
    text = (
        "version: 1\nrules:\n"
        "  - {name: One, when: {from: '*'}, notify: {to: brt}, limits: {daly: 3}}\n"
        "  - {name: Two, when: {from: '*'}, notify: {template: helo}}\n"
        "  - {name: Three, when: {frm: x}, stop: true}\n"
    )
    problems = load([RuleFolder("anna", "a", [read(text, "r.yaml")])], ["anna"], books=Books(BOOK))[1]
    assert sorted(problem.code for problem in problems) == [
        "unknown-contact",
        "unknown-setting",
        "unknown-setting",
        "unknown-template",
    ]

"""Why a mail did, or did not, lead to a message: every rule, every condition."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.event import MailArrived, OccasionDue
from engine.rules.evaluate import evaluate
from engine.rules.explain import explain
from engine.rules.ruleset import Ruleset
from tests.builders import NOW, a_mail, an_account
from tests.rules.samples import one, rules

BOSS = "rules:\n  - name: Boss\n    when:\n      from: '@acme.example'\n      subject: {}\n    notify: {{}}\n"


def _lines(ruleset: Ruleset, mail: MailArrived) -> list[str]:
    return explain(evaluate(mail, an_account(), ruleset, NOW), mail)


def test_a_no_shows_the_condition_that_failed_and_its_place() -> None:
    assert _lines(rules(BOSS.format("rust")), a_mail(4711)) == [
        'mail 4711 "Spoed: server down" from boss@acme.example',
        "✗ anna/boss  anna/0.yaml:3",
        '    ✓ from is "@acme.example"  "The Boss <boss@acme.example>"',
        '    ✗ subject contains "rust"  "Spoed: server down"  anna/0.yaml:6:16',
        "→ no message: No rule matched this mail.",
    ]


def test_a_yes_shows_the_message_and_masks_the_number() -> None:
    lines = _lines(rules(BOSS.format("spoed")), a_mail(4711))
    assert lines[1] == "✓ anna/boss  anna/0.yaml:3"
    assert lines[-1] == '→ sms to me (+32…01): "The Boss: Spoed: server down"'


def test_a_rule_that_was_not_asked_says_why() -> None:
    ruleset = rules(
        "rules:\n  - {name: One, when: {from: '*'}, stop: true}\n  - {name: Two, when: {from: '*'}, notify: {}}\n"
    )
    lines = _lines(ruleset, a_mail())
    assert lines[-3:] == [
        "- anna/two  anna/0.yaml:4",
        "    An earlier rule matched and stops the ones after it.",
        "→ no message: a rule matched that tells nobody",
    ]


def test_mail_of_a_list_says_how_it_would_be_told() -> None:
    mail = a_mail(headers=(("List-Id", "<x.example>"),))
    assert "    to be told of it all the same, write in the rule: accept: [list]" in _lines(one("{from: '*'}"), mail)


def test_our_own_mail_says_no_such_thing() -> None:
    lines = _lines(one("{from: '*'}"), a_mail(headers=(("X-Tocsin-Id", "1"),)))
    assert any("by Tocsin itself" in line for line in lines)
    assert not any("accept:" in line for line in lines)


def test_a_mail_that_was_cut_says_so() -> None:
    assert any("longer than what is kept" in line for line in _lines(one("{from: '*'}"), a_mail(truncated=True)))


def test_late_mail_says_that_it_was_late() -> None:
    assert "already older" in _lines(one("{from: '*'}"), a_mail(late="drop"))[-1]


def test_a_mail_cannot_steer_the_terminal() -> None:
    assert "\033" not in "".join(_lines(one("{subject: x}"), a_mail(subject="\033[2J\nx")))


START = datetime(2026, 6, 1, 9, tzinfo=UTC)
DENTIST = OccasionDue(
    account="anna",
    feed="work",
    uid="u1",
    starts_at=START,
    alarm="2 h",
    due_at=START - timedelta(hours=2),
    title="Dentist",
    rule="anna/dentist",
)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, 'reminder of "Dentist" of work, which starts 2026-06-01 11:00, due 2026-06-01 09:00 (2 h)'),
        ({"late": True, "turn": 1}, "11:00, due 2026-06-01 09:00 (2 h), late, armed again (1)"),
        (
            {"change": "moved", "was": START - timedelta(days=1)},
            'appointment "Dentist" of work was moved from 2026-05-31 11:00 to 2026-06-01 11:00',
        ),
        ({"change": "cancelled"}, 'appointment "Dentist" of work of 2026-06-01 11:00 was cancelled'),
    ],
)
def test_a_reminder_says_of_what_it_is_by_the_accounts_clock(change: dict[str, object], line: str) -> None:
    event = DENTIST.model_copy(update=change)
    lines = explain(evaluate(event, an_account(), rules(), NOW), event, ZoneInfo("Europe/Brussels"))
    assert lines[0].endswith(line)
    assert lines[-1] == "→ no message: the rule is gone, or no longer holds for this appointment"

"""Why a mail did, or did not, lead to a message: every rule, every condition."""

from engine.event import MailArrived
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


def test_a_mail_that_was_cut_says_so() -> None:
    assert any("longer than what is kept" in line for line in _lines(one("{from: '*'}"), a_mail(truncated=True)))


def test_late_mail_says_that_it_was_late() -> None:
    assert "already older" in _lines(one("{from: '*'}"), a_mail(late="drop"))[-1]


def test_a_mail_cannot_steer_the_terminal() -> None:
    assert "\033" not in "".join(_lines(one("{subject: x}"), a_mail(subject="\033[2J\nx")))

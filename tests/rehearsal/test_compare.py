"""What a test expects and what came of it: every difference is found, and said with what was got."""

from typing import Any

import pytest

from engine.channels.tariff import Line, Tariff
from engine.event import Address
from engine.money import Money
from engine.notification import Channel
from engine.rehearsal.compare import compare
from engine.rehearsal.rehearse import Company, rehearse
from engine.rules.ruleset import Ruleset
from engine.rules.testing import Expectation
from tests.builders import NOW, a_mail, an_account
from tests.rules.samples import rules

TARIFF = Tariff("EUR", [Line("+32", Money.parse("0.08", "EUR"), {"phone": 1})])
CARRIERS = {"phone": (Channel.SMS,)}
RULES = """rules:
  - {name: Fraud alert, when: {subject: fraud}, notify: {text: "Bank: {subject}"}}
  - {name: Night, when: {subject: night}, notify: {}, limits: {quiet_hours: {between: "10:00-12:00"}}}
  - {name: Gathered, when: {subject: gather}, notify: {}, limits: {digest: {every: day}}}
  - {name: Silent, when: {subject: silent}, stop: true}
  - {name: Twice, when: {subject: twice}, notify: [{name: a}, {name: b, max_parts: 2, text: "{subject|200}"}]}
"""


def company(ruleset: Ruleset | None = None) -> Company:
    """Anna, five rules, eight cents a part."""
    account = an_account(signature="")
    return Company({"anna": account}, ruleset or rules(RULES), TARIFF, CARRIERS)


def misses(subject: str, **expect: Any) -> list[str]:
    """Each expectation that is not met, and what is said of it."""
    mail = a_mail(subject=subject, sender=Address(address="boss@acme.example"))
    found = compare(Expectation.model_validate(expect), rehearse(mail, company(), NOW), "EUR")
    return [f"{miss.key}: {miss.message}" for miss in found]


@pytest.mark.parametrize(
    ("subject", "expect"),
    [
        ("fraud", {"rule": ["Fraud alert"], "sms": "1", "parts": "1", "cost": "<= 0.10 EUR", "to": ["me"]}),
        ("fraud", {"rule": ["fraud-alert"], "not_rule": ["Night"], "email": "0", "cost": "0.08"}),
        ("fraud", {"text": "fraud", "reason": "matched"}),
        ("fraud", {"text": {"is": "Bank: fraud"}, "reason": "admitted"}),
        ("twice", {"sms": "2", "parts": "2", "cost": "> 0.10 EUR"}),
        ("twice " + "x" * 200, {"sms": "2", "parts": ">= 3"}),
        ("night", {"sms": "1", "reason": "quiet_hours"}),
        ("gather", {"sms": "1", "reason": "digest"}),
        ("silent", {"nothing": True, "rule": ["Silent"]}),
        ("fraud and silent, then twice", {"sms": "1", "reason": "stopped"}),
        ("other", {"nothing": True, "reason": "no_rule_matched", "cost": "0", "sms": "0"}),
    ],
)
def test_what_is_as_expected_is_no_difference(subject: str, expect: dict[str, Any]) -> None:
    assert misses(subject, **expect) == []


@pytest.mark.parametrize(
    ("subject", "expect", "said"),
    [
        ("fraud", {"nothing": True}, ": nobody was to be told, and me is told by 'Fraud alert'"),
        (
            "frau",
            {"rule": ["Fraud alert"]},
            'rule: \'Fraud alert\' did not match (subject contains "fraud" failed on "frau"); no rule matched',
        ),
        ("fraud", {"rule": ["Foe"]}, "rule: no rule 'Foe' is asked here; 'Fraud alert' matched"),
        ("fraud", {"not_rule": ["Fraud alert"]}, "not_rule: 'Fraud alert' matched"),
        ("other", {"sms": "1"}, "sms: 1 expected, got 0 (No rule matched this mail.)"),
        ("twice", {"sms": "< 2"}, "sms: < 2 expected, got 2"),
        ("fraud", {"email": "1"}, "email: 1 expected, got 0"),
        ("fraud", {"parts": "2"}, "parts: 2 expected, got 1"),
        ("fraud", {"cost": "< 0.08 EUR"}, "cost: < 0.08 EUR expected, got EUR 0.08"),
        ("fraud", {"cost": "0.08 SEK"}, "cost: prices are in EUR here, not in SEK"),
        ("fraud", {"to": ["anna"]}, "to: anna expected, got me"),
        ("other", {"to": ["me"]}, "to: me expected, got nobody"),
        ("fraud", {"text": "Fraud"}, 'text: got "Bank: fraud"'),
        ("fraud", {"text": {"is": "Bank"}}, 'text: got "Bank: fraud"'),
        ("fraud", {"reason": "quiet_hours"}, "reason: quiet_hours expected, got matched, admitted"),
    ],
)
def test_what_is_otherwise_is_said_with_what_was_got(subject: str, expect: dict[str, Any], said: str) -> None:
    assert misses(subject, **expect) == [said]


def test_a_number_that_no_tariff_covers_is_not_told() -> None:
    nobody = Company(company().accounts, rules(RULES), Tariff("EUR", []), CARRIERS)
    outcome = rehearse(a_mail(subject="fraud"), nobody, NOW)
    assert compare(Expectation.model_validate({"nothing": True, "reason": "no_route"}), outcome, "EUR") == []

"""A scope of many rules decides as one of few does; only what it says of those that do not match is shorter."""

from engine.reason import Reason
from engine.rules.evaluate import evaluate
from tests.builders import NOW, a_mail, an_account
from tests.rules.samples import rules

ANNA = an_account()


def many(*first: str, others: int = 200) -> str:
    """Some rules, and a great many that match nothing."""
    lines = [*first, *(f"{{name: Other {n}, when: {{subject: rust{n}}}, notify: {{}}}}" for n in range(others))]
    return "rules:\n" + "".join(f"  - {line}\n" for line in lines)


def test_those_that_match_have_their_evidence_and_the_others_are_counted() -> None:
    ruleset = rules(many("{name: Boss, when: {subject: spoed}, notify: {}}"))
    matched, others = evaluate(a_mail(), ANNA, ruleset, NOW).answers
    assert (matched.rule, matched.reason, len(matched.evidence)) == ("boss", Reason.MATCHED, 1)
    assert (others.rule, others.name, others.reason) == ("", "200 other rules", Reason.NO_RULE_MATCHED)


def test_many_rules_decide_as_few_do() -> None:
    three = (
        "{name: First, when: {subject: spoed}, notify: {}}",
        "{name: Second, when: {from: '@acme.example'}, notify: {}, stop: true}",
        "{name: Third, when: {subject: spoed}, notify: {}}",
    )
    few, large = (evaluate(a_mail(), ANNA, rules(many(*three, others=n)), NOW) for n in (0, 300))
    assert [each.id for each in large.notifications] == [each.id for each in few.notifications]
    assert [(each.rule, each.reason) for each in large.answers[:3]] == [
        ("first", Reason.MATCHED),
        ("second", Reason.MATCHED),
        ("third", Reason.STOPPED),
    ]


def test_a_final_rule_among_many_keeps_the_account_silent() -> None:
    glob = many("{name: Last word, when: {subject: spoed}, final: true, notify: {}}")
    own = "rules: [{name: Own, when: {subject: spoed}, notify: {}}]"
    decision = evaluate(a_mail(), ANNA, rules(own, glob=glob), NOW)
    assert [(each.rule, each.reason) for each in decision.answers] == [
        ("last-word", Reason.MATCHED),
        ("", Reason.NO_RULE_MATCHED),
        ("own", Reason.FINAL),
    ]

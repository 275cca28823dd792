"""One event and the rules -> one decision, the same each time, with an answer from every rule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import Address, OccasionDue
from engine.notification import Lane
from engine.reason import Reason
from engine.rules.evaluate import evaluate
from engine.segments import count
from tests.builders import NOW, PHONE, a_mail, an_account
from tests.rules.samples import one, rules

ANNA = an_account()
STOPS = """rules:
  - {name: First, when: {subject: spoed}, stop: true}
  - {name: Second, when: {subject: spoed}, notify: {}}
"""


def test_a_rule_that_matches_makes_a_notification() -> None:
    ruleset = one("{from: '@acme.example', subject: spoed}", "{text: 'Boss: {subject}', lane: 1, expires_after: 2h}")
    decision = evaluate(a_mail(), ANNA, ruleset, NOW)
    [notification] = decision.notifications
    assert (decision.reason, decision.rules_version, decision.decided_at) == (Reason.MATCHED, "v1", NOW)
    assert (notification.event_id, notification.account, notification.scope) == (a_mail().id, "anna", "anna")
    assert (notification.rule, notification.action, notification.recipient) == ("boss", "sms", "me")
    assert (notification.address, notification.text, notification.lane) == (
        PHONE,
        "Boss: Spoed: server down",
        Lane.URGENT,
    )
    assert notification.not_after == a_mail().arrived_at + timedelta(hours=2)


def test_a_mail_that_matches_nothing_has_a_reason_and_the_condition_that_failed() -> None:
    decision = evaluate(a_mail(), ANNA, one("{from: '@acme.example', subject: rust}"), NOW)
    [answer] = decision.answers
    assert (decision.reason, decision.notifications) == (Reason.NO_RULE_MATCHED, ())
    assert answer.reason is Reason.NO_RULE_MATCHED
    assert [each.holds for each in answer.evidence] == [True, False]
    assert answer.place == "anna/0.yaml:3"


def test_an_account_without_rules_has_a_decision_too() -> None:
    decision = evaluate(a_mail(), ANNA, rules(), NOW)
    assert (decision.reason, decision.answers) == (Reason.NO_RULE_MATCHED, ())


def test_a_rule_that_stops_keeps_the_later_ones_from_being_asked() -> None:
    decision = evaluate(a_mail(), ANNA, rules(STOPS), NOW)
    assert [answer.reason for answer in decision.answers] == [Reason.MATCHED, Reason.STOPPED]
    assert decision.notifications == ()


LAST_WORD = (
    "rules:\n  - {name: All, when: {from: '*'}, notify: {}, %s: true}\n"
    "  - {name: Later, when: {from: '*'}, notify: {}}"
)


@pytest.mark.parametrize(
    ("word", "reasons"),
    [
        ("stop", [Reason.MATCHED, Reason.STOPPED, Reason.MATCHED, Reason.STOPPED]),
        ("final", [Reason.MATCHED, Reason.FINAL, Reason.FINAL, Reason.FINAL]),
    ],
)
def test_a_global_rule_ends_its_scope_with_stop_and_every_scope_with_final(word: str, reasons: list[Reason]) -> None:
    decision = evaluate(a_mail(), ANNA, rules(STOPS, glob=LAST_WORD % word), NOW)
    assert [answer.reason for answer in decision.answers] == reasons
    assert [answer.scope for answer in decision.answers] == ["global", "global", "anna", "anna"]
    assert [each.scope for each in decision.notifications] == ["global"]


def test_the_rules_of_another_account_are_not_asked() -> None:
    other = rules(bert="rules:\n  - {name: Boss, when: {from: '*'}, notify: {}}\n")
    assert evaluate(a_mail(), ANNA, other, NOW).answers == ()


def test_every_rule_that_matches_tells() -> None:
    ruleset = rules(
        "rules:\n  - {name: One, when: {from: '*'}, notify: [{name: a}, {name: b}]}\n"
        "  - {name: Two, when: {from: '*'}, notify: {}}\n"
    )
    decision = evaluate(a_mail(), ANNA, ruleset, NOW)
    assert [(each.rule, each.action) for each in decision.notifications] == [
        ("one", "a"),
        ("one", "b"),
        ("two", "sms"),
    ]
    assert len({each.id for each in decision.notifications}) == 3


def test_late_mail_is_dropped_with_its_reason() -> None:
    decision = evaluate(a_mail(late="drop"), ANNA, one("{from: '*'}"), NOW)
    assert (decision.reason, decision.notifications) == (Reason.TOO_LATE, ())


def test_late_mail_says_so_when_its_owner_wants_that() -> None:
    decision = evaluate(a_mail(late="say so"), ANNA, one("{from: '*'}", "{text: '{subject}'}"), NOW)
    assert decision.notifications[0].text == "(late, 11:04) Spoed: server down"


def test_an_account_without_a_number_cannot_be_told() -> None:
    nobody = an_account(numbers=())
    assert evaluate(a_mail(), nobody, one("{from: '*'}"), NOW).reason is Reason.NO_NUMBER
    assert evaluate(a_mail(), nobody, one("{subject: rust}"), NOW).reason is Reason.NO_RULE_MATCHED
    assert evaluate(a_mail(), nobody, rules(STOPS), NOW).reason is Reason.MATCHED


def test_the_first_number_is_me() -> None:
    account = an_account(numbers=("+32470000009", PHONE))
    assert evaluate(a_mail(), account, one("{from: '*'}"), NOW).notifications[0].address == "+32470000009"


def test_a_rule_about_mail_tells_of_no_appointment_and_the_other_way_round() -> None:
    occasion = OccasionDue(
        account="anna", feed="work", uid="1", starts_at=NOW, alarm="15m", due_at=NOW, title="Dentist"
    )
    both = rules(
        "rules:\n  - {name: Mail, when: {from: '*'}, notify: {}}\n"
        "  - {name: Work, when: {calendar: work}, notify: {}}\n"
    )
    assert [each.rule for each in evaluate(a_mail(), ANNA, both, NOW).notifications] == ["mail"]
    [told] = evaluate(occasion, ANNA, both, NOW).notifications
    assert (told.rule, told.text, told.title) == ("work", "Dentist, Sat 21 Nov 11:04", "Dentist")


def test_the_same_mail_is_decided_the_same_again() -> None:
    ruleset = one("{from: '*'}")
    first, again = (evaluate(a_mail(), ANNA, ruleset, NOW) for _ in range(2))
    later = evaluate(a_mail(), ANNA, ruleset, NOW + timedelta(hours=1))
    assert first == again
    assert [each.id for each in first.notifications] == [each.id for each in later.notifications]


def test_a_mail_of_nothing_still_says_something() -> None:
    mail = a_mail(subject="", sender=None)
    assert (
        evaluate(mail, ANNA, one("{from: '*'}", "{text: '{subject}'}"), NOW).notifications[0].text == "(no subject)"
    )


def test_a_moment_past_all_calendars_does_not_raise() -> None:
    mail = a_mail(arrived_at=datetime.max.replace(tzinfo=UTC))
    assert evaluate(mail, ANNA, one("{from: '*'}", "{expires_after: 2h}"), NOW).notifications[0].not_after is None


@pytest.mark.parametrize("parts", [1, 2, 10])
def test_a_long_text_is_cut_to_its_parts(parts: int) -> None:
    mail = a_mail(subject="é€" * 30_000)
    text = (
        evaluate(mail, ANNA, one("{from: '*'}", f"{{text: '{{subject}}', max_parts: {parts}}}"), NOW)
        .notifications[0]
        .text
    )
    assert count(text).parts == parts
    assert text.endswith("...")


@given(st.text(max_size=400), st.text(max_size=40), st.sampled_from([None, "drop", "say so"]), st.integers(1, 3))
def test_no_text_ever_costs_more_than_its_rule_allows(subject: str, name: str, late: str | None, parts: int) -> None:
    mail = a_mail().model_copy(
        update={"subject": subject, "late": late, "sender": Address.model_construct(name=name, address="a@b.example")}
    )
    decision = evaluate(mail, ANNA, one("{from: '*'}", f"{{max_parts: {parts}}}"), NOW)
    assert all(count(each.text).parts <= parts for each in decision.notifications)
    assert bool(decision.notifications) == (late != "drop")

"""Reminders: whose rule answers, and what is said of an appointment that is due, late, moved or off."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.account import Account
from engine.event import OccasionDue
from engine.reason import Reason
from engine.rules.evaluate import evaluate
from engine.rules.ruleset import Ruleset
from engine.rules.texts.phrases import LANGUAGES
from engine.segments import count
from tests.builders import an_account
from tests.rules.samples import rules

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)  # 11:00 in Brussels
ANNA = an_account()
TWO = """rules:
  - {name: Early, when: {calendar: work}, remind: 1 day, notify: {}}
  - {name: Close, when: {calendar: work, title: dentist}, remind: 2 h, notify: {}, on_change: notify}
"""


def a_reminder(**other: object) -> OccasionDue:
    """Of the dentist, two hours ahead."""
    values: dict[str, object] = {
        "account": "anna",
        "feed": "work",
        "uid": "u1",
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "alarm": "2 h",
        "due_at": START - timedelta(hours=2),
        "title": "Dentist",
        "location": "Room 2",
        "rule": "anna/close",
    }
    return OccasionDue(**{**values, **other})  # type: ignore[arg-type]


def _texts(event: OccasionDue, ruleset: Ruleset, account: Account = ANNA, after: float = 0) -> list[str]:
    """What is told `after` minutes after the start."""
    decision = evaluate(event, account, ruleset, START + timedelta(minutes=after))
    return [each.text for each in decision.notifications]


def test_a_reminder_is_answered_by_the_rule_it_names_and_no_other() -> None:
    decision = evaluate(a_reminder(), ANNA, rules(TWO), START)
    assert [(answer.rule, answer.reason) for answer in decision.answers] == [("close", Reason.MATCHED)]
    assert [each.text for each in decision.notifications] == ["Dentist, Mon 1 Jun 11:00, Room 2"]


def test_the_conditions_are_asked_again_when_it_is_due() -> None:
    decision = evaluate(a_reminder(title="Lunch"), ANNA, rules(TWO), START)
    assert (decision.reason, decision.notifications) == (Reason.NO_RULE_MATCHED, ())
    assert [each.holds for each in decision.answers[0].evidence] == [True, False]


@pytest.mark.parametrize("rule", ["anna/gone", "bert/close", "global/close"])
def test_a_rule_that_is_not_there_tells_nobody(rule: str) -> None:
    decision = evaluate(a_reminder(rule=rule), ANNA, rules(TWO), START)
    assert (decision.reason, decision.answers) == (Reason.NO_RULE_MATCHED, ())


STOPS = "  - {name: No lunch, when: {title: lunch}, %s: true}\n"


@pytest.mark.parametrize(
    ("title", "reasons", "told"),
    [
        ("Lunch", [Reason.MATCHED, Reason.STOPPED], 0),
        ("Dentist", [Reason.MATCHED], 1),
    ],
)
def test_a_rule_before_it_that_stops_keeps_it_from_being_asked(title: str, reasons: list[Reason], told: int) -> None:
    text = "rules:\n" + STOPS % "stop" + "  - {name: All, when: {calendar: work}, remind: 2 h, notify: {}}\n"
    decision = evaluate(a_reminder(title=title, rule="anna/all"), ANNA, rules(text), START)
    assert [answer.reason for answer in decision.answers] == reasons
    assert len(decision.notifications) == told


@pytest.mark.parametrize(("word", "reason"), [("stop", Reason.MATCHED), ("final", Reason.FINAL)])
def test_a_global_rule_stops_the_accounts_own_with_final_only(word: str, reason: Reason) -> None:
    own = "rules:\n  - {name: All, when: {calendar: work}, remind: 2 h, notify: {}}\n"
    ruleset = rules(own, glob="rules:\n" + STOPS % word)
    decision = evaluate(a_reminder(title="Lunch", rule="anna/all"), ANNA, ruleset, START)
    assert decision.answers[-1].reason is reason


def test_a_rule_about_mail_answers_no_appointment_and_the_other_way_round() -> None:
    ruleset = rules("rules:\n  - {name: Close, when: {subject: dentist}, notify: {}}\n")
    decision = evaluate(a_reminder(), ANNA, ruleset, START)
    assert (decision.reason, decision.notifications) == (Reason.NO_RULE_MATCHED, ())


@pytest.mark.parametrize(
    ("after", "says"),
    [(-60, "(starts in 1 h) "), (0, "(starts now) "), (5, "(started 5 min ago) ")],
)
def test_what_is_late_says_how_long_ago_it_started_or_how_soon_it_does(after: int, says: str) -> None:
    assert _texts(a_reminder(late=True), rules(TWO), after=after) == [says + "Dentist, Mon 1 Jun 11:00, Room 2"]


def test_a_late_reminder_counts_from_now() -> None:
    text = "rules:\n  - {name: Close, when: {calendar: work}, remind: 2 h, notify: {text: '{title} {in}'}}\n"
    assert _texts(a_reminder(), rules(text), after=-30) == ["Dentist in 2 h"]
    assert _texts(a_reminder(late=True), rules(text), after=-30) == ["(starts in 30 min) Dentist in 30 min"]


@pytest.mark.parametrize(
    ("language", "moved", "cancelled"),
    [
        ("en", "Moved: Dentist, from Sun 31 May 11:00 to Mon 1 Jun 11:00", "Cancelled: Dentist, Mon 1 Jun 11:00"),
        (
            "nl",
            "Verplaatst: Dentist, van zo 31 mei 11:00 naar ma 1 jun 11:00",
            "Geannuleerd: Dentist, ma 1 jun 11:00",
        ),
        (
            "sv",
            "Flyttat: Dentist, från sön 31 maj 11:00 till mån 1 juni 11:00",
            "Inställt: Dentist, mån 1 juni 11:00",
        ),
        ("fr", "Déplacé: Dentist, de dim. 31 mai 11:00 à lun. 1 juin 11:00", "Annulé: Dentist, lun. 1 juin 11:00"),
        (
            "de",
            "Verschoben: Dentist, von So. 31 Mai 11:00 auf Mo. 1 Juni 11:00",
            "Abgesagt: Dentist, Mo. 1 Juni 11:00",
        ),
    ],
)
def test_a_change_is_told_in_the_readers_language(language: str, moved: str, cancelled: str) -> None:
    account = an_account(language=language)
    was = START - timedelta(days=1)
    assert _texts(a_reminder(change="moved", was=was), rules(TWO), account) == [moved]
    assert _texts(a_reminder(change="cancelled"), rules(TWO), account) == [cancelled]


def test_who_was_told_hears_of_a_change_also_when_the_conditions_no_longer_hold() -> None:
    decision = evaluate(a_reminder(change="moved", was=START, title="Lunch"), ANNA, rules(TWO), START)
    assert decision.reason is Reason.MATCHED
    assert decision.answers[0].evidence[0].condition == "on_change: notify"


def test_a_rule_that_is_silent_on_changes_tells_none() -> None:
    decision = evaluate(a_reminder(rule="anna/early", change="cancelled"), ANNA, rules(TWO), START)
    assert (decision.reason, decision.notifications) == (Reason.NO_RULE_MATCHED, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_day_is_named_without_a_time(language: str) -> None:
    start = datetime(2026, 5, 31, 22, tzinfo=UTC)
    event = a_reminder(all_day=True, starts_at=start, ends_at=start + timedelta(days=1), change="cancelled")
    [text] = _texts(event, rules(TWO), an_account(language=language))
    assert "00:00" not in text
    assert "1" in text
    assert count(text).forced_by == ""


@pytest.mark.parametrize(
    ("event", "until"),
    [
        (a_reminder(), START + timedelta(hours=1)),
        (a_reminder(due_at=START + timedelta(hours=3)), START + timedelta(hours=4)),
        (a_reminder(ends_at=None), START),
    ],
    ids=["its end", "an hour after it was due", "its start"],
)
def test_a_reminder_is_worth_sending_until_the_appointment_is_over(event: OccasionDue, until: datetime) -> None:
    [told] = evaluate(event, ANNA, rules(TWO), START).notifications
    assert told.not_after == until


def test_a_signature_stands_behind_a_change_too() -> None:
    assert _texts(a_reminder(change="cancelled"), rules(TWO), an_account(signature="Tocsin"))[0].endswith("\nTocsin")

"""Rule files become rules in force, or problems with their places."""

from datetime import timedelta

import pytest

from engine.document import Problem, read
from engine.rules.load import RuleFolder, load
from engine.rules.when.words import slug
from tests.rules.samples import loaded, one, rules


def _said(*texts: str) -> list[tuple[str, str]]:
    return [(problem.place, problem.code) for problem in loaded(*texts)[1]]


@pytest.mark.parametrize(
    ("name", "id"),
    [("Bank, urgent!", "bank-urgent"), ("Ärende nº 5", "arende-no-5"), ("会議", "会議"), ("--", ""), ("a_b", "a-b")],
)
def test_a_rule_is_known_by_the_slug_of_its_name(name: str, id: str) -> None:
    assert slug(name) == id
    assert slug(id) == id


def test_an_id_of_its_own_keeps_a_rule_itself_when_its_name_changes() -> None:
    ruleset = rules("rules:\n  - {name: New name, id: old-name, when: {subject: x}, stop: true}\n")
    assert [rule.id for rule in ruleset.of("anna")] == ["old-name"]


def test_an_id_is_unique_in_its_scope_over_files() -> None:
    text = "rules:\n  - {name: Boss, when: {subject: x}, stop: true}\n"
    _, [problem] = loaded(text, text)
    assert problem.place == "rules/anna/1.yaml:3:12"
    assert problem.related[0].file == "rules/anna/0.yaml"


def test_two_scopes_may_have_rules_of_one_id() -> None:
    text = "rules:\n  - {name: Boss, when: {subject: x}, stop: true}\n"
    assert [rule.scope for rule in rules(text, glob=text).of("anna")] == ["global", "anna"]


def test_a_disabled_rule_is_not_asked_but_keeps_its_id() -> None:
    text = "rules:\n  - {name: Boss, enabled: false, when: {subject: x}, stop: true}\n"
    assert rules(text).of("anna") == ()
    assert [code for _, code in _said(text, text)] == ["duplicate-rule"]


def test_a_folder_of_no_account_is_named_with_what_was_meant() -> None:
    _, [problem] = load([RuleFolder("ana", "config/rules/ana")], ["anna"], "")
    assert problem.file == "config/rules/ana"
    assert problem.label == "did you mean 'anna'?"


def test_the_defaults_of_a_file_fill_what_an_action_leaves_out() -> None:
    ruleset = rules(
        "defaults: {lane: 1, max_parts: 3}\n"
        "rules:\n  - {name: Boss, when: {subject: x}, notify: [{name: a}, {name: b, lane: 3}]}\n"
    )
    [rule] = ruleset.of("anna")
    assert [(action.lane, action.max_parts) for action in rule.actions] == [(1, 3), (3, 3)]


def test_an_unnamed_action_has_the_names_and_limits_of_the_format() -> None:
    [rule] = one("{subject: x}").of("anna")
    [action] = rule.actions
    assert (action.name, [each.id for each in action.recipients], action.channels) == ("sms", ["me"], ("sms",))
    assert (action.max_parts, action.lane) == (1, 2)
    assert (action.on_unknown, action.expires_after) == ("hold", None)


def _nested(depth: int) -> str:
    return "{not: " * depth + "{subject: x}" + "}" * depth


def test_conditions_nest_to_sixteen_and_no_deeper() -> None:
    one(_nested(15))
    problems = loaded(f"rules:\n  - {{name: Boss, when: {_nested(16)}, stop: true}}\n")[1]
    assert [problem.code for problem in problems] == ["nesting"]


def _warnings(text: str, more: str = "") -> list[Problem]:
    return loaded(f"rules:\n  - name: Boss\n    when: {{subject: x}}\n    notify: {{text: '{text}'{more}}}\n")[1]


@pytest.mark.parametrize(
    ("text", "more", "warned"),
    [
        ("{subject}", "", False),
        ("x" * 160, "", False),
        ("x" * 161, "", True),
        ("x" * 161, ", max_parts: 2", False),
        ("{subject|150} {from|20}", "", True),
        ("ë {subject|80}", "", True),
        ("é {subject|80}", "", False),
    ],
)
def test_a_text_that_can_cost_too_much_is_a_warning_only(text: str, more: str, warned: bool) -> None:
    assert [(problem.severity, problem.code) for problem in _warnings(text, more)] == [
        ("warning", "too-long")
    ] * warned


def test_a_file_with_a_mistake_gives_no_rules_but_the_others_are_still_read() -> None:
    good = "rules:\n  - {name: Boss, when: {subject: x}, stop: true}\n"
    assert len(_said("rules: 5\n", good, "rules: 6\n")) == 2


def test_a_file_that_is_no_yaml_does_not_raise() -> None:
    _, problems = load([RuleFolder("anna", "a", [read(b"\xff", "a.yaml")])], ["anna"])
    assert len(problems) == 1


APPOINTMENT = "rules:\n  - name: Dentist\n    when: {calendar: work}\n    notify: {}\n"


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        ("", ["alarms"]),
        ("    remind: 2 h\n", ["2 h"]),
        (
            "    remind: [1 day, 2 h, 120 min, '18:00 the day before', alarms]\n",
            ["1 day", "2 h", "18:00 the day before", "alarms"],
        ),
    ],
    ids=["as the calendar asks", "one", "each once"],
)
def test_a_rule_about_appointments_says_when_it_reminds(written: str, labels: list[str]) -> None:
    [rule] = rules(APPOINTMENT + written).of("anna")
    assert [offset.label for offset in rule.remind] == labels


def test_what_becomes_of_a_late_reminder_and_of_a_change_is_the_rules_to_say() -> None:
    [rule] = rules(APPOINTMENT + "    late: {after: 10m, then: drop}\n    on_change: notify\n").of("anna")
    assert (rule.late.after, rule.late.then, rule.on_change) == (timedelta(minutes=10), "drop", "notify")


@pytest.mark.parametrize("setting", ["remind: 2 h", "late: {then: drop}", "on_change: notify"])
def test_a_rule_about_mail_reminds_of_nothing(setting: str) -> None:
    _, [problem] = loaded(f"rules:\n  - name: Boss\n    when: {{subject: x}}\n    {setting}\n    notify: {{}}\n")
    assert problem.place == "rules/anna/0.yaml:5:5"
    assert problem.code == "no-appointment"
    assert setting.partition(":")[0] in problem.message


def test_a_mistaken_reminder_is_told_with_the_right_forms() -> None:
    _, [problem] = loaded(APPOINTMENT + "    remind: [1 day, two hours]\n")
    assert problem.place == "rules/anna/0.yaml:6:21"
    assert "18:00 the day before" in problem.message

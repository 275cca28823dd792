"""What an administrator capped, no account's rule exceeds; a user may narrow and never widen."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document import Problem, read
from engine.notification import Channel, Throttle
from engine.rules.actions import Action, Caps
from engine.rules.levels import clamp, clamp_limits, parts_of, within
from engine.rules.limits import WrittenCeiling, WrittenLimits, WrittenQuiet, WrittenThrottle
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import ReadyRule

CHANNELS = st.lists(st.sampled_from(["sms", "email", "fax"]), min_size=1, unique=True).map(tuple)
PERIODS = st.sampled_from([timedelta(minutes=n) for n in (1, 10, 25, 60, 90, 1440)])
CEILINGS = st.builds(WrittenCeiling, max=st.integers(1, 40), per=PERIODS)
THROTTLES = st.none() | st.builds(WrittenThrottle, max=st.integers(1, 40), per=PERIODS)
ACTIONS = st.builds(
    Action,
    channels=CHANNELS,
    max_parts=st.integers(1, 10),
    lane=st.integers(1, 3),
    beyond=st.sampled_from(["truncate", "split", "refuse", "email"]),
)
CAPS = st.builds(
    Caps,
    max_parts=st.integers(1, 10),
    lane=st.integers(1, 3),
    channels=CHANNELS,
    daily=st.integers(1, 40),
    throttle=CEILINGS,
)


def _limits(daily: int | None, throttle: WrittenThrottle | None, then: str | None) -> WrittenLimits:
    quiet = WrittenQuiet.model_construct({"then"}, then=then) if then else None
    return WrittenLimits().model_copy(update={"daily": daily, "throttle": throttle, "quiet_hours": quiet})


@given(ACTIONS, st.lists(CAPS, min_size=1, max_size=3))
def test_no_action_goes_beyond_any_cap_nor_beyond_what_it_was(action: Action, all_caps: list[Caps]) -> None:
    clamped = action
    for caps in all_caps:
        clamped, _ = clamp(clamped, caps)
    for caps in all_caps:
        assert caps.max_parts is not None
        assert caps.lane is not None
        assert parts_of(clamped) <= caps.max_parts
        assert clamped.lane >= caps.lane
        assert set(clamped.channels) <= set(caps.channels or ())
        assert clamped.beyond != "email" or "email" in (caps.channels or ())
    assert parts_of(clamped) <= parts_of(action)
    assert clamped.lane >= action.lane
    assert [each for each in action.channels if each in clamped.channels] == list(clamped.channels)


@given(
    st.none() | st.integers(1, 40),
    THROTTLES,
    st.sampled_from([None, "hold", "email"]),
    st.lists(CAPS, min_size=1, max_size=3),
)
def test_no_limits_go_beyond_any_cap_nor_beyond_what_they_were(
    daily: int | None, throttle: WrittenThrottle | None, then: str | None, all_caps: list[Caps]
) -> None:
    clamped = _limits(daily, throttle, then)
    for caps in all_caps:
        clamped, _ = clamp_limits(clamped, caps)
    for caps in all_caps:
        assert clamped.daily is not None
        assert caps.daily is not None
        assert clamped.daily <= caps.daily
        assert caps.throttle is not None
        assert within(clamped.throttle, caps.throttle)
        assert clamped.quiet_hours is None or clamped.quiet_hours.then != "email" or "email" in (caps.channels or ())
    assert clamped.daily <= (daily or clamped.daily)
    assert throttle is None or within(clamped.throttle, throttle)


@given(CEILINGS, CEILINGS, st.lists(st.integers(0, 300), max_size=60))
def test_what_is_within_a_cap_lets_nothing_pass_that_the_cap_would_stop(
    throttle: WrittenCeiling, cap: WrittenCeiling, minutes: list[int]
) -> None:
    if not within(throttle, cap):
        return
    passed: list[timedelta] = []
    for at in sorted(timedelta(minutes=n) for n in minutes):
        if sum(at - before < throttle.per for before in passed) < throttle.max:
            passed.append(at)
    assert all(sum(timedelta(0) <= at - before < cap.per for before in passed) <= cap.max for at in passed)


@given(ACTIONS)
def test_without_caps_nothing_changes(action: Action) -> None:
    assert clamp(action, Caps()) == (action, ())


def _loaded(caps: str, rule: str, defaults: str = "{}") -> tuple[ReadyRule, list[Problem]]:
    """Anna's one rule under these caps of a global file, and all warnings."""
    shared = read(f"version: 1\ncaps: {caps}\nrules: []\n", "rules/global/caps.yaml")
    own = read(f"version: 1\ndefaults: {defaults}\nrules:\n  - {{name: R, when: {{from: '*'}}, {rule}}}\n", "r.yaml")
    folders = [RuleFolder("anna", "rules/anna", [own]), RuleFolder("global", "rules/global", [shared])]
    ruleset, problems = load(folders, ["anna"])
    assert [problem for problem in problems if problem.severity == "error"] == []
    [ready] = ruleset.of("anna")
    return ready, problems


@pytest.mark.parametrize(
    ("caps", "rule", "place"),
    [
        ("{max_parts: 2}", "notify: {max_parts: 3}", "r.yaml:4:54"),
        ("{max_parts: 2}", "notify: {beyond: split}", "r.yaml:4:51"),
        ("{lane: 2}", "notify: {lane: 1}", "r.yaml:4:49"),
        ("{channels: sms}", "notify: {channels: [sms, email]}", "r.yaml:4:53"),
        ("{daily: 5}", "notify: {}, limits: {daily: 6}", "r.yaml:4:62"),
        ("{daily: 5}", "notify: {}, limits: {daily: off}", "r.yaml:4:62"),
        ("{throttle: {max: 3, per: 1h}}", "notify: {}, limits: {throttle: {max: 4, per: 1h}}", "r.yaml:4:65"),
    ],
)
def test_what_goes_beyond_a_cap_is_narrowed_with_a_warning_that_shows_both(caps: str, rule: str, place: str) -> None:
    _, [problem] = _loaded(caps, rule)
    assert (problem.severity, problem.code, problem.place) == ("warning", "capped", place)
    assert [related.file for related in problem.related] == ["rules/global/caps.yaml"]


def test_a_capped_rule_is_ready_within_its_caps() -> None:
    rule, _ = _loaded(
        "{max_parts: 2, lane: 2, channels: [sms], daily: 5, throttle: {max: 3, per: 2h}}",
        "notify: {max_parts: 9, lane: 1, channels: [email, sms]},"
        " limits: {daily: off, throttle: {max: 5, per: 1h, then: drop}}",
    )
    [action] = rule.actions
    assert (action.max_parts, action.lane, action.channels) == (2, 2, (Channel.SMS,))
    assert rule.limits.daily == 5
    assert rule.limits.throttle == Throttle(max=3, per=timedelta(hours=2), then="drop")


@pytest.mark.parametrize("rule", ["notify: {}", "notify: {max_parts: 1, lane: 3}, limits: {daily: 2}"])
def test_what_stays_within_the_caps_is_left_alone_without_a_word(rule: str) -> None:
    ready, problems = _loaded("{max_parts: 2, lane: 2, daily: 5, throttle: {max: 3, per: 1h}}", rule)
    assert problems == []
    assert ready.limits.throttle == Throttle(max=3, per=timedelta(hours=1))


def test_what_the_defaults_of_a_file_ask_for_is_capped_where_it_stands() -> None:
    ready, [problem] = _loaded("{lane: 2}", "notify: {}", defaults="{lane: 1}")
    assert (problem.place, ready.actions[0].lane) == ("r.yaml:2:18", 2)


def test_global_rules_are_not_clamped() -> None:
    text = "version: 1\ncaps: {lane: 2, daily: 1}\nrules:\n  - {name: R, when: {from: '*'}, notify: {lane: 1}}\n"
    ruleset, problems = load([RuleFolder("global", "g", [read(text, "g.yaml")])], ["anna"])
    assert problems == []
    assert ruleset.of("anna")[0].actions[0].lane == 1
    assert ruleset.of("anna")[0].limits.daily == 20


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("caps: {lane: 2}\nrules: []\n", "r.yaml:2:1"),
        ("rules:\n  - {name: R, when: {from: '*'}, final: true}\n", "r.yaml:3:34"),
    ],
)
def test_only_a_global_file_caps_and_has_the_last_word(text: str, place: str) -> None:
    _, [problem] = load([RuleFolder("anna", "a", [read(f"version: 1\n{text}", "r.yaml")])], ["anna"])
    assert (problem.severity, problem.code, problem.place) == ("error", "global-only", place)

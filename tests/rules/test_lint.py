"""Warnings about rules: each is true, and what is fine gets none."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from engine.account import Account, Contact, Plan
from engine.document import Problem, read
from engine.event import Address, MailArrived
from engine.money import Money
from engine.notification import Channel
from engine.reason import Reason
from engine.rules.book import Book, Books
from engine.rules.evaluate import evaluate
from engine.rules.lint import lint
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset
from tests.builders import NOW, a_mail, an_account

ANNA = an_account(cap=20)
CONTACTS = {
    "bert": Contact(id="bert", numbers=("+32470000002",), agreed="by e-mail, 2026-03-01"),
    "carl": Contact(id="carl", numbers=("+32470000003",)),
    "dora": Contact(id="dora", email="dora@x.example", agreed="yes"),
    "emil": Contact(id="emil", numbers=("+32470000004",), email="emil@y.example", fax="+3225550000", agreed="yes"),
}


def price(number: str) -> Money | None:
    """Eight cents in Belgium, nothing anywhere else."""
    return Money.parse("0.08", "EUR") if number.startswith("+32") else None


def carried(address: str, channel: Channel) -> bool:
    """Mail goes to everybody at x.example, a fax to nobody."""
    return address.endswith("@x.example") if channel is Channel.EMAIL else channel is Channel.SMS


def loaded(own: str = "", shared: str = "") -> Ruleset:
    """Anna's rules and the global ones, each file from its text."""
    folders = [
        RuleFolder(scope, scope, [read(f"version: 1\nrules:\n{text}", f"{scope}.yaml")])
        for scope, text in (("global", shared), ("anna", own))
        if text
    ]
    ruleset, problems = load(folders, ["anna"], "v1", books=Books(Book(contacts=CONTACTS)))
    assert [problem.message for problem in problems if problem.severity == "error"] == []
    return ruleset


def warnings(own: str = "", shared: str = "", account: Account = ANNA) -> list[Problem]:
    """What is said of these rules."""
    return lint(loaded(own, shared), {"anna": account}, price, carried)


def rule(when: str, ends: str = "notify: {}", name: str = "A") -> str:
    """One rule of a file."""
    return f"- {{name: {name}, when: {{{when}}}, {ends}}}\n"


A_STOPS = rule("subject: urgent", "stop: true")
FINAL = rule("subject: urgent", "final: true", "F")
LISTS = "accept: list, notify: {}"


def second(when: str, ends: str = "notify: {}") -> str:
    """The rule that the question is about."""
    return rule(when, ends, "B")


@pytest.mark.parametrize(
    ("shared", "own", "reached"),
    [
        ("", A_STOPS + second("subject: very urgent"), False),
        ("", A_STOPS + second("subject: very"), True),
        ("", A_STOPS + second("subject: urgent, from: '@x.example'"), False),
        ("", A_STOPS + second("any: [{subject: urgent}, {body: urgent}]"), True),
        (A_STOPS, second("subject: urgent"), True),
        (FINAL, second("subject: urgent"), False),
        (A_STOPS + FINAL, second("subject: urgent"), True),
        (rule("subject: {is: dull}", "stop: true") + FINAL, second("subject: {is: urgent}"), False),
        ("", rule("subject: a", "notify: {}, stop: true") + second("subject: a", LISTS), True),
        ("", rule("subject: a", f"{LISTS}, stop: true") + second("subject: ab", LISTS), False),
        ("", rule("subject: a", f"{LISTS}, stop: true") + second("subject: a", "stop: true"), True),
        ("", rule("from: '*'", "stop: true") + second("title: x"), True),
        ("", rule("from: '*'", "stop: true") + second("body: x"), False),
    ],
)
def test_a_rule_that_nothing_reaches_is_named(shared: str, own: str, reached: bool) -> None:
    found = [each for each in warnings(own, shared) if each.code == "unreachable"]
    said = [each.message for each in found if each.file == "anna.yaml"]
    assert bool(said) is not reached
    assert all("nothing reaches this rule" in each for each in said)


def test_the_warning_stands_at_the_rule_and_shows_the_other() -> None:
    (only,) = warnings(A_STOPS + second("subject: urgent!"))
    assert only.place == "anna.yaml:4:1"
    assert only.severity == "warning"
    assert [other.span.line for other in only.related] == [3]


@pytest.mark.parametrize(
    ("own", "codes"),
    [
        (rule("subject: {is: a}, all: [{subject: {is: b}}]"), ["never"]),
        (rule("from: a@x.example, all: [{from: b@x.example}]"), ["never"]),
        (rule("subject: a") + second("subject: a", "notify: {text: x}"), ["twin"]),
        (rule("subject: a") + second("subject: a", "notify: {to: bert}"), []),
        (rule("subject: a", "notify: {to: bert}"), []),
        (rule("subject: a", "notify: {to: carl}"), ["no-consent"]),
        (rule("subject: a", "notify: {to: carl}") + second("subject: b", "notify: {to: carl}"), ["no-consent"]),
        (rule("subject: a", "notify: {to: dora}"), ["no-number"]),
        (rule("subject: a", "notify: {to: dora, channels: [sms, email]}"), []),
        (rule("from: '*'", "notify: {lane: 1}"), ["all-urgent"]),
        (rule("from: '*'"), []),
        (rule("from: '*'", "notify: {}, limits: {throttle: off, daily: off}"), ["no-limit"]),
        (rule("subject: a", "notify: {}, limits: {throttle: off, daily: off}"), []),
        (rule("subject: a", "notify: [{name: x, lane: 1}, {name: y, lane: 1}, {name: z, lane: 1}]"), ["all-urgent"]),
        (rule("subject: a", "notify: [{name: x, lane: 1}, {name: y, lane: 1}, {name: z}]"), []),
    ],
)
def test_what_is_surely_not_meant_is_said_once(own: str, codes: list[str]) -> None:
    assert [each.code for each in warnings(own)] == codes


def test_an_owner_without_a_number_is_named() -> None:
    (only,) = warnings(rule("subject: a"), account=an_account(numbers=()))
    assert only.message == "the account 'anna' has no number: 'me' is not told"


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        pytest.param("{to: dora, channels: email}", [], id="mail is carried"),
        pytest.param("{to: emil, channels: sms}", [], id="not asked for"),
        pytest.param(
            "{to: emil, channels: [sms, email]}",
            ["nothing goes to 'emil' by email: no line of tariff.yaml covers it"],
            id="mail",
        ),
        pytest.param(
            "{to: [dora, emil], channels: [fax, email]}",
            [
                "nothing goes to 'emil' by email: no line of tariff.yaml covers it",
                "nothing goes to 'emil' by fax: no line of tariff.yaml covers it",
            ],
            id="fax too",
        ),
    ],
)
def test_a_channel_that_nobody_carries_is_named(notify: str, said: list[str]) -> None:
    found = warnings(rule("subject: a", f"notify: {notify}"))
    assert [each.message for each in found if each.code == "no-route"] == said


def test_the_worst_day_is_a_sum_that_can_be_followed() -> None:
    rules = "- {name: A, when: {from: '*'}, notify: {max_parts: 3}, limits: {throttle: off, daily: off}}"
    account = an_account(plan=Plan(daily_cap=10))
    (only,) = warnings(rules, account=account)
    assert "3 parts x EUR 0.08 x 10 messages a day = EUR 2.40 a day for 'anna'" in only.message


WORDS = st.sampled_from(["a", "b", "ab", "ba", "aba"])
TESTS = st.one_of(
    st.builds(
        lambda field, test, word: f"{field}: {{{test}: {word}}}",
        st.sampled_from(["subject", "body"]),
        st.sampled_from(["is", "contains", "starts_with", "ends_with", "glob"]),
        WORDS,
    ),
    st.sampled_from(["from: a@x.z", "from: '@x.z'", "from: '@z'", "from: '*'", "to: b@x.z"]),
    st.sampled_from(["size: '> 3 b'", "size: '< 6 b'"]),
)
CONDITIONS = st.recursive(
    TESTS.map(lambda test: f"{{{test}}}"),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: f"{{all: [{', '.join(parts)}]}}"),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: f"{{any: [{', '.join(parts)}]}}"),
        inner.map(lambda part: f"{{not: {part}}}"),
    ),
    max_leaves=3,
)
ENDS = st.sampled_from(["notify: {}", "stop: true", "notify: {}, stop: true", "notify: {}, accept: list, stop: true"])
RULES = st.lists(st.tuples(CONDITIONS, ENDS), min_size=2, max_size=5)
PEOPLE = [Address(address=each) for each in ("a@x.z", "b@x.z", "c@y.z")]
MAILS = st.builds(
    lambda subject, text, sender, to, size, listed: a_mail(
        subject=subject, text=text, sender=sender, to=(to,), size=size, headers=(("List-Id", "x"),) if listed else ()
    ),
    st.text("ab", max_size=4),
    st.text("ab", max_size=4),
    st.sampled_from(PEOPLE) | st.none(),
    st.sampled_from(PEOPLE),
    st.integers(0, 9),
    st.booleans(),
)


def written(rules: list[tuple[str, str]], name: str) -> str:
    """Rules as a file has them."""
    return "".join(f"- {{name: {name}{n}, when: {when}, {ends}}}\n" for n, (when, ends) in enumerate(rules))


LAST = st.sampled_from(["stop: true", "final: true", "notify: {}, final: true"])


@settings(max_examples=300)
@given(st.lists(st.tuples(CONDITIONS, LAST), max_size=3), RULES, st.lists(MAILS, min_size=30, max_size=30))
def test_a_rule_that_is_called_unreachable_never_answers(
    shared: list[tuple[str, str]], own: list[tuple[str, str]], mails: list[MailArrived]
) -> None:
    ruleset = loaded(written(own, "R"), written(shared, "G"))
    said = lint(ruleset, {"anna": ANNA}, price, carried)
    dead = {each.place.rpartition(":")[0] for each in said if each.code in ("unreachable", "never")}
    event(f"called dead: {min(len(dead), 3)}")
    for mail in mails:
        for answer in evaluate(mail, ANNA, ruleset, NOW).answers:
            assert answer.reason is not Reason.MATCHED or answer.place not in dead

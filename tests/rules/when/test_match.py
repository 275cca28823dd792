"""Conditions hold when a naive reading of them does, and the evidence says why."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision import Evidence
from engine.event import Address, MailArrived
from engine.rules.when.fold import fold
from tests.builders import a_mail
from tests.rules.asking import ask


def holds(when: dict[str, Any], mail: MailArrived) -> bool:
    """Whether it holds."""
    return ask(when, mail)[0]


def _from(address: str, name: str = "") -> MailArrived:
    return a_mail(sender=Address(name=name, address=address))


@pytest.mark.parametrize(
    ("wanted", "address", "expected"),
    [
        ("boss@acme.example", "boss@acme.example", True),
        ("Boss@ACME.example", "boss@acme.example", True),
        ("boss@acme.example", "bigboss@acme.example", False),
        ("boss@acme.example", "boss@acme.example.org", False),
        ("@acme.example", "boss@acme.example", True),
        ("@acme.example", "boss@mail.eu.acme.example", True),
        ("@acme.example", "boss@notacme.example", False),
        ("@acme.example", "acme.example@evil.example", False),
        ("@acme.example", "boss@acme.example.evil.example", False),
        ("*", "anyone@anywhere.example", True),
        (["@a.example", "@b.example"], "x@b.example", True),
        (["@a.example", "@b.example"], "x@c.example", False),
        ("@bücher.example", "x@xn--bcher-kva.example", True),
        ("@xn--bcher-kva.example", "x@bücher.example", True),
    ],
)
def test_who_sent_it(wanted: str | list[str], address: str, expected: bool) -> None:
    assert holds({"from": wanted}, _from(address)) is expected


def test_a_mail_without_a_sender_is_only_from_anyone() -> None:
    mail = a_mail(sender=None)
    assert holds({"from": "*"}, mail)
    assert not holds({"from": "@acme.example"}, mail)
    assert not holds({"from": {"contains": "acme"}}, mail)


@pytest.mark.parametrize(
    ("wanted", "subject", "expected"),
    [
        ("spoed", "SPOED: server down", True),
        ("spoed", "niets", False),
        (["urgent", "spoed"], "Spoed", True),
        ({"is": "spoed"}, " Spoed ", True),
        ({"is": "spoed"}, "Spoed!", False),
        ({"starts_with": ["re:", "fw:"]}, "FW: x", True),
        ({"ends_with": "!"}, "Help!", True),
        ({"starts_with": "a", "ends_with": "z"}, "abc", False),
        ({"starts_with": "a", "ends_with": "z"}, "abcz", True),
        ("STRASSE", "Neue Straße 5", True),
        ("x", "", False),
    ],
)
def test_what_the_subject_says(wanted: Any, subject: str, expected: bool) -> None:
    assert holds({"subject": wanted}, a_mail(subject=subject)) is expected


def test_the_name_of_the_sender_is_looked_at_too() -> None:
    assert holds({"from": {"contains": "the boss"}}, a_mail())
    assert holds({"from": {"starts_with": "boss@"}}, a_mail())


A, B = {"subject": "spoed"}, {"from": "@nobody.example"}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"all": [A, B]}, False),
        ({"any": [A, B]}, True),
        ({"any": [B, B]}, False),
        ({"not": B}, True),
        ({"not": [B, A]}, False),
        ({"not": {"not": A}}, True),
        ({"all": [{"any": [B, {"not": B}]}, A]}, True),
        ({**A, "not": A}, False),
    ],
)
def test_conditions_nest(when: dict[str, Any], expected: bool) -> None:
    assert holds(when, a_mail()) is expected


WORDS = st.sampled_from(["a", "b", "A", "ab", "Ba", "ß", "ss", "É"])
OPERATORS = ["is", "contains", "starts_with", "ends_with"]
LEAVES = st.one_of(
    st.builds(
        lambda operator, words: {"subject": {operator: words}},
        st.sampled_from(OPERATORS),
        st.lists(WORDS, min_size=1),
    ),
    st.builds(
        lambda words: {"from": words}, st.lists(st.sampled_from(["a@a.b", "@b", "@a.b", "*", "b@c"]), min_size=1)
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def _oracle(when: dict[str, Any], mail: MailArrived) -> bool:
    [(key, value)] = when.items()
    if key == "all":
        return all(_oracle(each, mail) for each in value)
    if key == "any":
        return any(_oracle(each, mail) for each in value)
    if key == "not":
        return not _oracle(value, mail)
    if key == "from":
        assert mail.sender
        domain = mail.sender.address.partition("@")[2]
        return any(
            wanted in ("*", mail.sender.address) or (wanted[0] == "@" and f".{domain}".endswith(f".{wanted[1:]}"))
            for wanted in value
        )
    [(operator, words)] = value.items()
    if not mail.subject.strip():
        return False
    text = fold(mail.subject).strip()
    test = {
        "is": lambda word: text == word,
        "contains": lambda word: word in text,
        "starts_with": text.startswith,
        "ends_with": text.endswith,
    }[operator]
    return any(test(fold(word)) for word in words)


@settings(max_examples=200)
@given(CONDITIONS, st.text("abAßÉ ", max_size=4), st.sampled_from(["a@a.b", "b@c", "x@y.a.b", "x@ab"]))
def test_a_matcher_agrees_with_a_naive_reading(when: dict[str, Any], subject: str, address: str) -> None:
    mail = a_mail(subject=subject, sender=Address(address=address))
    assert holds(when, mail) == _oracle(when, mail)


def test_the_evidence_ends_at_the_first_condition_that_failed() -> None:
    answer, evidence = ask("  from: '@acme.example'\n  subject: rust\n  not: {subject: x}\n", a_mail())
    assert not answer
    assert evidence == [
        Evidence('from is "@acme.example"', "The Boss <boss@acme.example>", True, "a.yaml:2:9"),
        Evidence('subject contains "rust"', "Spoed: server down", False, "a.yaml:3:12"),
    ]


def test_of_any_the_evidence_is_the_one_that_held_or_all_that_failed() -> None:
    def evidence_of(*parts: dict[str, Any]) -> list[str]:
        return [each.condition for each in ask({"any": list(parts)}, a_mail())[1]]

    assert evidence_of(B, A) == ['subject contains "spoed"']
    assert evidence_of(B, {"subject": "x"}) == ['from is "@nobody.example"', 'subject contains "x"']


def test_a_long_subject_is_shown_short() -> None:
    answer, evidence = ask({"subject": "x"}, a_mail(subject="y" * 60_000 + "x"))
    assert answer
    assert len(evidence[0].found) == 200

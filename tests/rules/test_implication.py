"""What is proven of conditions holds for every mail."""

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from engine.event import Address, MailArrived
from engine.rules.implication import implies, never, predicates, same
from engine.rules.when.match import holds
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.view import View
from tests.builders import a_mail, an_account

IS, HAS, BEGINS, ENDS = Operator.IS, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH
GLOB, MATCHES, EXISTS = Operator.GLOB, Operator.MATCHES, Operator.EXISTS


def subject(operator: Operator, *values: str) -> Predicate:
    """A test of the subject."""
    return Predicate("subject", operator, values)


def sender(*values: str) -> Predicate:
    """A test of who sent it."""
    return Predicate("from", Operator.ADDRESS, values)


def size(low: int | None, high: int | None) -> Predicate:
    """A test of the size."""
    return Predicate("size", Operator.BETWEEN, ((low, high),))


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (subject(HAS, "urgent!"), subject(HAS, "urgent")),
        (subject(HAS, "a"), subject(HAS, "a", "b")),
        (subject(BEGINS, "re: x"), subject(BEGINS, "re:")),
        (subject(ENDS, "the end"), subject(ENDS, "end")),
        (subject(IS, "urgent"), subject(HAS, "urgent")),
        (sender("boss@a.example"), sender("@a.example")),
        (sender("@mail.a.example"), sender("@a.example")),
        (sender("boss@a.example"), sender("*")),
        (size(10, 20), size(None, 20)),
        (All((subject(HAS, "a"), sender("x@y.example"))), subject(HAS, "a")),
        (subject(HAS, "a"), Any((sender("x@y.example"), subject(HAS, "a")))),
        (Any((subject(HAS, "ab"), subject(HAS, "ba"))), subject(HAS, "a")),
        (Not(Any((subject(HAS, "a"), subject(HAS, "b")))), Not(subject(HAS, "b"))),
        (sender("a@x.example"), Not(sender("b@x.example"))),
        (subject(MATCHES, "a+"), Predicate("subject", Operator.EXISTS, ())),
        (subject(IS, "urgent: x"), subject(BEGINS, "urgent")),
        (All((subject(HAS, "a"), Any((size(1, 2), size(5, 6))))), size(1, 6)),
    ],
)
def test_this_follows_and_its_converse_does_not(narrow: Tree, wide: Tree) -> None:
    assert implies(narrow, wide)
    assert not implies(wide, narrow)


@pytest.mark.parametrize(
    "tree",
    [
        All((subject(IS, "a"), subject(IS, "b"))),
        All((sender("a@x.example"), sender("b@x.example"))),
        All((sender("a@x.example"), sender("@y.example"))),
        All((size(None, 5), size(6, None))),
        All((subject(HAS, "ab"), Not(subject(HAS, "b")))),
        All((subject(HAS, "ab"), Not(sender("*")))),
        All((subject(BEGINS, "a"), subject(BEGINS, "b"))),
        All((subject(ENDS, "a"), subject(ENDS, "b"))),
        All((subject(HAS, "a"), Not(Predicate("subject", Operator.EXISTS, ())))),
        All((subject(IS, "a"), Any((subject(IS, "b"), subject(HAS, "c"))))),
    ],
)
def test_this_can_never_hold(tree: Tree) -> None:
    assert never(tree)


@pytest.mark.parametrize(
    "tree",
    [
        All((subject(HAS, "a"), subject(HAS, "b"))),
        All(
            (Predicate("to", Operator.ADDRESS, ("a@x.example",)), Predicate("to", Operator.ADDRESS, ("b@x.example",)))
        ),
        All((Predicate("to", Operator.EXISTS, ()), Not(Predicate("to", Operator.KNOWN, ())))),
        All((Predicate("to", Operator.KNOWN, ()), Not(Predicate("to", Operator.ADDRESS, ("a@x.example",))))),
        All((sender("a@x.example"), Predicate("from", HAS, ("anna",)))),
        All((sender("*"), sender("a@x.example"))),
        Not(All((subject(IS, "a"), subject(IS, "b")))),
    ],
)
def test_this_can_hold(tree: Tree) -> None:
    assert not never(tree)


def test_a_proof_that_takes_too_long_is_none() -> None:
    fork = Any(tuple(subject(HAS, f"{n}") for n in range(20)))
    assert not never(All(tuple(fork for _ in range(300))))


def test_the_same_condition_elsewhere_is_the_same() -> None:
    assert same(subject(HAS, "a"), Predicate("subject", HAS, ("a",), "file:1:2", 'subject contains "a"'))
    assert not same(subject(HAS, "a"), subject(IS, "a"))
    assert [each.field for each in predicates(All((subject(HAS, "a"), Not(size(1, 2)))))] == ["subject", "size"]


WORDS = st.text("ab ", min_size=1, max_size=3).filter(lambda word: word == word.strip())
ADDRESSES = st.sampled_from(["a@x.z", "b@x.z", "a@y.x.z", "@x.z", "@y.x.z", "@z"])
#: As `engine.rules.when.compile` makes them: texts folded, patterns as they are, `*` for senders only.
TESTS = st.one_of(
    st.builds(
        lambda field, operator, words: Predicate(field, operator, tuple(words)),
        st.sampled_from(["subject", "from", "to", "header:x-kind"]),
        st.sampled_from([IS, HAS, BEGINS, ENDS, GLOB, MATCHES]),
        st.lists(WORDS, min_size=1, max_size=2),
    ),
    st.builds(
        lambda field, values: Predicate(field, Operator.ADDRESS, tuple(values)),
        st.sampled_from(["from", "to"]),
        st.lists(ADDRESSES, min_size=1, max_size=2),
    ),
    st.just(sender("*")),
    st.builds(lambda field: Predicate(field, EXISTS, ()), st.sampled_from(["subject", "to", "header:x-kind"])),
    st.builds(size, st.integers(0, 4) | st.none(), st.integers(3, 9) | st.none()),
)
TREES = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(lambda parts: All(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: Any(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
PEOPLE = st.sampled_from(
    [Address(address=each, name=name) for each in ("a@x.z", "b@x.z", "a@y.x.z", "q@q") for name in ("", "ab", "B b")]
)
MAILS = st.builds(
    lambda subject, people, to, size, kinds: a_mail(
        subject=subject,
        sender=people[0] if people else None,
        to=tuple(to),
        size=size,
        headers=tuple(("X-Kind", kind) for kind in kinds),
    ),
    st.text("ab ", max_size=5),
    st.lists(PEOPLE, max_size=1),
    st.lists(PEOPLE, max_size=2),
    st.integers(0, 10),
    st.lists(st.text("ab ", max_size=3), max_size=2),
)
ANNA = an_account()


@settings(max_examples=600)
@given(TREES, TREES, st.lists(MAILS, min_size=20, max_size=20))
def test_what_is_proven_holds_for_every_mail(one: Tree, other: Tree, mails: list[MailArrived]) -> None:
    proven = implies(one, other)
    event(f"proven: {proven}")
    for view in (View(mail, ANNA) for mail in mails):
        if proven:
            assert holds(other, view) or not holds(one, view)
        if never(one):
            assert not holds(one, view)


@settings(max_examples=300)
@given(TREES, TREES)
def test_more_conditions_are_narrower_and_more_choices_wider(one: Tree, other: Tree) -> None:
    assume(len(list(predicates(one))) + len(list(predicates(other))) < 8)
    assert implies(All((one, other)), one)
    assert implies(one, Any((other, one)))

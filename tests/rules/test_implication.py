"""What is proven of conditions holds for every mail."""

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from engine.rules.implication import implies, never, predicates, same
from engine.rules.predicate import All, Any, Not, Operator, Predicate, Tree

IS, HAS, BEGINS, ENDS = Operator.IS, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH


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
        All((sender("a@bücher.example"), sender("a@xn--bcher-kva.example"))),
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


WORDS = st.text("ab ", min_size=1, max_size=3).filter(str.strip)
ADDRESSES = st.sampled_from(["a@x.z", "b@x.z", "a@y.x.z", "@x.z", "@y.x.z", "@z", "*"])
TESTS = st.one_of(
    st.builds(
        lambda operator, words: Predicate("subject", operator, tuple(words)),
        st.sampled_from([IS, HAS, BEGINS, ENDS]),
        st.lists(WORDS, min_size=1, max_size=2),
    ),
    st.builds(lambda v: Predicate("from", Operator.ADDRESS, tuple(v)), st.lists(ADDRESSES, min_size=1, max_size=2)),
    st.builds(lambda v: Predicate("to", Operator.ADDRESS, tuple(v)), st.lists(ADDRESSES, min_size=1, max_size=2)),
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
MAILS = st.fixed_dictionaries(
    {
        "subject": st.text("ab ", max_size=5),
        "from": st.sampled_from([(), ("a@x.z",), ("b@x.z",), ("a@y.x.z",), ("q@q",)]),
        "to": st.lists(st.sampled_from(["a@x.z", "b@x.z", "a@y.x.z"]), max_size=2).map(tuple),
        "size": st.integers(0, 10),
    }
)


def holds(tree: Tree, mail: dict[str, object]) -> bool:
    """The meaning of a condition, written down as plainly as it can be."""
    if isinstance(tree, All):
        return all(holds(part, mail) for part in tree.parts)
    if isinstance(tree, Any):
        return any(holds(part, mail) for part in tree.parts)
    if isinstance(tree, Not):
        return not holds(tree.part, mail)
    held = mail[tree.field]
    return any(_meets(tree.operator, value, held) for value in tree.values)


def _meets(operator: Operator, value: object, held: object) -> bool:
    if isinstance(held, int):
        assert isinstance(value, tuple)
        return (value[0] is None or value[0] <= held) and (value[1] is None or held <= value[1])
    assert isinstance(value, str)
    if isinstance(held, tuple):
        return value == "*" or any(
            each == value or (value[0] == "@" and (each.endswith(value) or each.endswith("." + value[1:])))
            for each in held
        )
    assert isinstance(held, str)
    if operator is IS:
        return held.strip() == value.strip()
    return {HAS: value in held, BEGINS: held.startswith(value), ENDS: held.endswith(value)}[operator]


@settings(max_examples=600, deadline=None)
@given(TREES, TREES, st.lists(MAILS, min_size=20, max_size=20))
def test_what_is_proven_holds_for_every_mail(one: Tree, other: Tree, mails: list[dict[str, object]]) -> None:
    proven = implies(one, other)
    event(f"proven: {proven}")
    for mail in mails:
        if proven:
            assert holds(other, mail) or not holds(one, mail)
        if never(one):
            assert not holds(one, mail)


@settings(max_examples=300, deadline=None)
@given(TREES, TREES)
def test_more_conditions_are_narrower_and_more_choices_wider(one: Tree, other: Tree) -> None:
    assume(len(list(predicates(one))) + len(list(predicates(other))) < 8)
    assert implies(All((one, other)), one)
    assert implies(one, Any((other, one)))

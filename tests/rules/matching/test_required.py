"""The literals that stand in every text a pattern is found in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.matching.required import required
from engine.rules.when.fold import fold
from engine.rules.when.pattern import complete, found


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("Invoice", ("invoice",)),
        ("(?-i)Invoice", ("invoice",)),
        ("(?s)(?m)Invoice", ("invoice",)),
        (r"\[ops[-_ ]?[0-9]{2,5}\]", ("[ops",)),
        ("(invoice|order) #?[0-9]{3,8} belated", ("belated",)),
        ("(invoice|order)", ("invoice", "order")),
        ("invoice|order", ("invoice", "order")),
        ("(?:invoice|order)+x", ("invoice", "order")),
        ("orders?", ("order",)),
        ("orders+x", ("orders",)),
        ("orders{2}", ("orders",)),
        ("two words", ("words",)),
        ("^bank$", ("bank",)),
        (r"bank\.example", ("bank.example",)),
    ],
)
def test_a_pattern_needs_these(pattern: str, literals: tuple[str, ...]) -> None:
    assert required(complete(pattern)) == literals


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "ab",
        "(invoice)?",
        "(invoice)*",
        "(invoice){0,2}",
        "invoice|",
        "(invoice|)",
        "invoice|ab",
        ".*",
        r"\Qinvoice\E",
        r"\x41bcd",
        r"\pLabcd",
        "(?i:invoice)",
        "(?P<x>invoice)",
        "((invoice))",
        "[[:alpha:]]invoice",
        "orders{,2}",
        "énorme",
    ],
)
def test_of_others_nothing_is_said(pattern: str) -> None:
    assert required(complete(pattern)) is None


_PIECES = st.sampled_from(
    (
        "abc",
        "abcd",
        "a",
        "X",
        "|",
        "(abc|bcd)",
        "(ab)",
        "c?",
        "d*",
        "d+",
        "b{0}",
        "b{2}",
        ".",
        "^",
        "$",
        r"\b",
        r"\d",
        "1",
    ),
)
_PIECES_OF_TEXT = st.sampled_from(
    ("abc", "bcd", "ABCD", "a", "x", "b", "bb", "d", "c", " ", "1", "K", "ſ", "e\u0301")
)


@given(st.lists(_PIECES, max_size=6).map("".join), st.lists(_PIECES_OF_TEXT, max_size=8).map("".join))
def test_a_plain_text_without_them_is_none_that_the_pattern_is_found_in(pattern: str, text: str) -> None:
    literals, folded = required(complete(pattern)), fold(text).strip()
    if literals is not None and folded.isascii() and found(complete(pattern), text):
        assert any(literal in folded for literal in literals)

"""Case, width and form of writing do not matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.when.fold import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SPOED", "spoed"),
        ("STRASSE", "straße"),
        ("Ärende", "a\u0308RENDE"),
        ("ＦＡＸ", "fax"),
        ("ﬁn", "FIN"),
        ("Σ", "ς"),
    ],
)
def test_two_ways_to_write_one_word(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text(max_size=50))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=50))
def test_plain_letters_take_the_short_way_to_the_same_end(text: str) -> None:
    plain = "".join(c for c in text if c.isascii())
    assert fold(plain) == fold(plain + "é")[: len(fold(plain))]

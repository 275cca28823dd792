"""Sizes are compared as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from engine.rules.when.comparison import Range, inside, intersect, read_comparison, show_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> 5 MB", (5_000_001, None)),
        (">= 5 MB", (5_000_000, None)),
        ("< 5 MB", (None, 4_999_999)),
        ("<= 5 MB", (None, 5_000_000)),
        (">5mb", (5_000_001, None)),
        ("> 1.5 kB", (1_501, None)),
        ("> 1 KiB", (1_025, None)),
        ("<= 2 MiB", (None, 2_097_152)),
        ("> 0", (1, None)),
        ("> 10", (11, None)),
        ("> 0.5 b", (1, None)),
        (">= 0.5 b", (1, None)),
        ("< 0.5 b", (None, 0)),
        ("<= 0.5", (None, 0)),
        ("  <  1 GB ", (None, 999_999_999)),
    ],
)
def test_a_comparison_is_a_range_of_bytes(text: str, expected: Range) -> None:
    assert read_comparison(text) == expected


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("5 MB", "did you mean '> 5 MB'?"),
        ("= 5 MB", "did you mean '> 5 MB'?"),
        ("=> 5 MB", "did you mean '>= 5 MB'?"),
        ("more than 5 MB", "did you mean '> 5 MB'?"),
        ("< 1,5 MB", "did you mean '< 1.5 MB'?"),
        ("> 5 XB", ""),
        ("big", ""),
        ("", ""),
        ("> -1", ""),
        ("> ٥ MB", ""),
        ("> 9999999999999", ""),
    ],
)
def test_another_form_is_answered_with_the_right_one(text: str, label: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_comparison(text)
    assert (refused.value.context or {})["label"] == label


RANGES = st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(0, 9))


@given(st.lists(RANGES, max_size=4), st.integers(0, 10))
def test_what_is_in_all_ranges_is_in_what_they_have_in_common(ranges: list[Range], size: int) -> None:
    common = intersect(ranges)
    assert (common is not None and inside(size, common)) is all(inside(size, each) for each in ranges)


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (6_200_000, "6.2 MB"), (2_000_000_000, "2.0 GB")],
)
def test_a_size_is_shown_as_people_read_it(size: int, shown: str) -> None:
    assert show_size(size) == shown

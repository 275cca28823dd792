"""The sender says how urgent a mail is in one of several headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.when.priority import read_priority


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "normal"),
        ({"X-Priority": "1 (Highest)"}, "high"),
        ({"X-Priority": "2"}, "high"),
        ({"X-Priority": "3(Normal)"}, "normal"),
        ({"X-Priority": "5 (Lowest)"}, "low"),
        ({"Importance": "High"}, "high"),
        ({"importance": "low"}, "low"),
        ({"Priority": "urgent"}, "high"),
        ({"Priority": "non-urgent"}, "low"),
        ({"X-MSMail-Priority": "High"}, "high"),
        ({"X-Priority": "3", "Importance": "high"}, "normal"),
        ({"X-Priority": "soon", "Importance": "high"}, "high"),
        ({"X-Priority": "", "Priority": "urgent"}, "high"),
        ({"X-Priority": "10"}, "normal"),
    ],
)
def test_the_first_header_that_says_something_counts(headers: dict[str, str], expected: str) -> None:
    assert read_priority(headers.items()) == expected


@given(st.text(max_size=20))
def test_whatever_it_says_it_has_a_priority(value: str) -> None:
    assert read_priority([("X-Priority", value)]) in ("high", "normal", "low")

"""Several providers for one kind of number: who carries what, and who takes over."""

from collections import Counter
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channels.share import share_out
from tests.builders import TOCSIN

KEYS = [uuid5(TOCSIN, str(number)) for number in range(3000)]


def firsts(shares: dict[str, int], health: dict[str, float] | None = None) -> Counter[str]:
    return Counter(share_out(shares, health or {}, key)[0] for key in KEYS)


@pytest.mark.parametrize(
    ("shares", "health", "order"),
    [
        ({"a": 1}, {}, ["a"]),
        ({"a": 1, "b": 0, "c": 0}, {}, ["a", "b", "c"]),
        ({"a": 1, "b": 0, "c": 0}, {"a": 0.0}, ["b", "c", "a"]),
        ({"a": 1, "b": 0, "c": 0}, {"a": 0.0, "b": 0.0}, ["c", "a", "b"]),
        ({"a": 1, "b": 0}, {"a": 0.0, "b": 0.0}, ["a", "b"]),
        ({"a": 1, "b": 0}, {"a": 0.3}, ["a", "b"]),
    ],
    ids=["one", "in order", "first is out", "two are out", "all are out: it waits", "a weak first is still first"],
)
def test_the_order_in_which_they_try(shares: dict[str, int], health: dict[str, float], order: list[str]) -> None:
    assert list(share_out(shares, health, KEYS[0])) == order


def test_each_gets_its_share() -> None:
    found = firsts({"a": 70, "b": 30})
    assert 2000 < found["a"] < 2200
    assert found["a"] + found["b"] == 3000


def test_a_share_follows_how_the_provider_fares() -> None:
    even = {"a": 50, "b": 50}
    assert 900 < firsts(even, {"a": 0.5})["a"] < 1100
    assert firsts(even, {"a": 0.0})["a"] == 0


def test_a_change_of_one_weight_moves_only_what_must_move() -> None:
    shares = {"a": 50, "b": 50}
    before = {key: share_out(shares, {}, key)[0] for key in KEYS}
    after = {key: share_out(shares, {"a": 0.5}, key)[0] for key in KEYS}
    assert {before[key] for key in KEYS if before[key] != after[key]} == {"a"}


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1000), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1)),
    st.uuids(),
)
def test_every_provider_is_named_once(shares: dict[str, int], health: dict[str, float], key: object) -> None:
    assert sorted(share_out(shares, health, key)) == sorted(shares)  # type: ignore[arg-type]

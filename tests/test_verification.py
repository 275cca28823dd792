"""Codes that prove a number."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.verification import DIGITS, SEED, draw, hide, is_code

SALT = b"s" * SEED


@given(st.binary(min_size=SEED, max_size=SEED))
def test_a_code_is_six_digits(seed: bytes) -> None:
    code = draw(seed)
    assert len(code) == DIGITS
    assert code.isascii()
    assert code.isdecimal()


def test_every_digit_is_as_likely_as_any_other() -> None:
    from hashlib import blake2b

    digits = Counter("".join(draw(blake2b(b"%d" % n, digest_size=SEED).digest()) for n in range(2_000)))
    assert len(digits) == 10
    assert all(1_000 < count < 1_400 for count in digits.values())


def test_a_code_is_kept_so_that_it_cannot_be_read() -> None:
    hidden = hide("012345", SALT)
    assert "012345" not in hidden
    assert hidden != hide("012345", b"t" * SEED)


@pytest.mark.parametrize("typed", ["012345", "012 345", "012-345", " 012345 "])
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert is_code(typed, SALT, hide("012345", SALT))


@pytest.mark.parametrize("typed", ["12345", "012346", "", "0123456", "٠١٢٣٤٥", "\x00", "½" * 1000])
def test_anything_else_is_not_the_code(typed: str) -> None:
    assert not is_code(typed, SALT, hide("012345", SALT))


@settings(max_examples=5)
@given(st.text(max_size=12))
def test_only_the_code_is_the_code(typed: str) -> None:
    stripped = "".join(sign for sign in typed if sign not in " \u00a0-")
    assert is_code(typed, SALT, hide("493021", SALT)) == (stripped == "493021")

"""Money is exact, and says so in the currency's own way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.money import Money


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("5", "EUR", 50_000, "EUR 5.00"),
        ("5.00", "EUR", 50_000, "EUR 5.00"),
        ("0,0825", "EUR", 825, "EUR 0.0825"),
        ("0.08", "EUR", 800, "EUR 0.08"),
        (" 1.5 ", "EUR", 15_000, "EUR 1.50"),
        ("-2.5", "EUR", -25_000, "EUR -2.50"),
        ("0", "EUR", 0, "EUR 0.00"),
        ("7", "JPY", 70_000, "JPY 7"),
        ("7.5", "JPY", 75_000, "JPY 7.5"),
        ("1", "KWD", 10_000, "KWD 1.000"),
    ],
)
def test_an_amount_is_read_exactly_and_shown_as_its_currency_does(
    text: str, currency: str, minor: int, shown: str
) -> None:
    money = Money.parse(text, currency)
    assert money.minor == minor
    assert str(money) == shown


@pytest.mark.parametrize(
    "text",
    ["", "free", "1.2.3", "1,2,3", "1 000", "NaN", "Infinity", "-Infinity", "0.00001", "1e30", "1e2", "1_000", "١٠"],
)
def test_what_is_no_amount_is_a_value_error_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        Money.parse(text, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€", "EUR\n"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    with pytest.raises(ValidationError):
        Money(minor=1, currency=currency)


@given(st.integers(-(9 * 10**12), 9 * 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_shown_reads_back_as_the_same(minor: int, currency: str) -> None:
    money = Money(minor=minor, currency=currency)
    assert Money.parse(str(money).removeprefix(f"{currency} "), currency) == money


def test_an_amount_that_no_column_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        Money.parse("900000001", "EUR")
    with pytest.raises(ValidationError):
        Money(minor=9 * 10**12 + 1, currency="EUR")


def test_a_float_is_not_money() -> None:
    with pytest.raises(ValidationError):
        Money(minor=0.5, currency="EUR")  # type: ignore[arg-type]

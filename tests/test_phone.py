"""Numbers come in as people write them and are E.164 inside the house."""

import pytest

from engine.phone import is_mobile, mask, parse


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+32 475 12 34 56", None, "+32475123456"),
        ("+32475123456", None, "+32475123456"),
        ("0032 475 12 34 56", None, "+32475123456"),
        ("0032475123456", None, "+32475123456"),
        ("+32 (0)475 12 34 56", None, "+32475123456"),
        ("0032 (0)475/12.34.56", None, "+32475123456"),
        ("  +32-475-123-456  ", None, "+32475123456"),
        ("0475 12 34 56", "BE", "+32475123456"),
        ("0475/12.34.56", "BE", "+32475123456"),
        ("+31 6 12345678", "BE", "+31612345678"),
        ("070-123 45 67", "SE", "+46701234567"),
        ("+1 212 555 0123", None, "+12125550123"),
        ("+32 2 500 00 00", None, "+3225000000"),
        ("32 475 123456", None, "+32475123456"),
        ("32 475 123456", "BE", "+32475123456"),
        ("+0032 475 12 34 56", None, "+32475123456"),
    ],
)
def test_a_number_is_repaired_where_that_is_safe(text: str, region: str | None, number: str) -> None:
    assert parse(text, region) == number


@pytest.mark.parametrize(
    ("text", "region", "hint"),
    [
        ("", None, "country code"),
        ("0475 12 34 56", None, "country code"),
        ("486 12 34 57", None, "country code"),
        ("anna", "BE", "not a phone number"),
        ("+", None, "not a phone number"),
        ("+32 475 12 34", None, "digits"),
        ("+32 475 12 34 56 78 90", None, "digits"),
        ("+999 475 12 34 56", None, "not a phone number"),
        ("+32 999 99 99 99", None, "no such number"),
    ],
)
def test_what_is_no_number_is_a_value_error_that_tells_what_to_write_and_not_the_number(
    text: str, region: str | None, hint: str
) -> None:
    with pytest.raises(ValueError, match=hint) as raised:
        parse(text, region)
    assert len(text) < 2 or text not in str(raised.value)


@pytest.mark.parametrize(
    ("number", "mobile"),
    [
        ("+32475123456", True),
        ("+32470000001", True),
        ("+46701234567", True),
        ("+31612345678", True),
        ("+12125550123", True),  # North America does not tell the two apart
        ("+3225000000", False),  # Brussels, fixed
        ("+3290012345", False),  # premium rate
        ("+3280012345", False),  # free phone
        ("+442079460000", False),  # London, fixed
    ],
)
def test_only_what_can_receive_an_sms_counts_as_mobile(number: str, mobile: bool) -> None:
    assert is_mobile(number) is mobile


@pytest.mark.parametrize(
    ("address", "shown"),
    [("+32470000001", "+32…01"), ("+1212", "…"), ("", "…"), ("jan.peeters@acme.example", "j…@acme.example")],
)
def test_a_masked_address_gives_nobody_away(address: str, shown: str) -> None:
    assert mask(address) == shown

"""The longest prefix decides what a message costs and who carries it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.channels.tariff import Line, Tariff, TariffFile
from engine.money import Money
from engine.notification import Channel


def a_file(*rows: dict[str, str], **other: object) -> TariffFile:
    return TariffFile.model_validate({"version": "1", "currency": "EUR", "sms": rows, **other})


def row(prefix: str, price: str = "0.08", provider: str = "phone") -> dict[str, str]:
    return {"prefix": prefix, "price": price, "provider": provider}


def test_the_longest_prefix_wins_in_whatever_order_the_lines_stand() -> None:
    rows = [row("+32", "0.08"), row("+3247", "0.10", "b"), row("+324", "0.09", "c")]
    for order in (rows, rows[::-1]):
        tariff = Tariff.of(a_file(*order))
        assert tariff.find("+32470000001") == Line("+3247", Money(minor=1000, currency="EUR"), {"b": 1})
        assert tariff.find("+32480000001") == Line("+324", Money(minor=900, currency="EUR"), {"c": 1})
        assert tariff.find("+32220000001") == Line("+32", Money(minor=800, currency="EUR"), {"phone": 1})


def test_a_number_that_no_line_covers_has_no_line() -> None:
    tariff = Tariff.of(a_file(row("+32")))
    assert tariff.find("+31612345678") is None
    assert tariff.find("+3") is None
    assert tariff.find("") is None
    assert Tariff.of(a_file()).find("+32470000001") is None


def test_a_tariff_knows_its_currency() -> None:
    assert Tariff.of(a_file()).currency == "EUR"


def test_a_prefix_that_is_given_twice_is_an_error_that_names_it() -> None:
    with pytest.raises(ValidationError, match=r"the prefix \+32 is given twice"):
        a_file(row("+32"), row("+31"), row("+32", "0.09"))


@pytest.mark.parametrize("prefix", ["32", "+", "+0", "0032", "+32 470", "+٣٢", "+1234567890123456", "+32\n", ""])
def test_a_prefix_is_a_plus_and_digits(prefix: str) -> None:
    with pytest.raises(ValidationError):
        a_file(row(prefix))


@pytest.mark.parametrize("price", ["-0.08", "0.00001", "free", "", "1e3", "NaN", ".5", "9999999999999"])
def test_a_price_that_cannot_be_kept_is_an_error(price: str) -> None:
    with pytest.raises(ValidationError):
        a_file(row("+32", price))


@pytest.mark.parametrize(("price", "minor"), [("0.0001", 1), ("0.08", 800), ("0,0825", 825), ("1", 10_000)])
def test_a_price_is_exact(price: str, minor: int) -> None:
    line = Tariff.of(a_file(row("+32", price))).find("+32470000001")
    assert line is not None
    assert line.price.minor == minor


def test_an_unknown_key_or_version_is_an_error() -> None:
    with pytest.raises(ValidationError):
        a_file(colour="red")
    with pytest.raises(ValidationError):
        a_file(version="2")


digits = st.text("0123456789", max_size=5).map(lambda rest: "+3" + rest)


@given(prefixes=st.sets(digits, max_size=12), number=digits)
def test_looking_up_agrees_with_trying_every_line(prefixes: set[str], number: str) -> None:
    tariff = Tariff.of(a_file(*(row(prefix) for prefix in prefixes)))
    fits = [prefix for prefix in prefixes if number.startswith(prefix)]
    found = tariff.find(number)
    assert (found.prefix if found else None) == max(fits, key=len, default=None)


def test_fax_has_lines_of_its_own_and_mail_one_price_that_may_be_nothing() -> None:
    tariff = Tariff.of(a_file(row("+32"), fax=[row("+32", "0.15")], email={"provider": "post"}))
    fax, mail = tariff.find("+3225000000", Channel.FAX), tariff.find("anna@example.org", Channel.EMAIL)
    assert (fax.price.minor if fax else 0, mail) == (1500, Line("", Money(minor=0, currency="EUR"), {"post": 1}))
    assert Tariff.of(a_file(row("+32"))).find("anna@example.org", Channel.EMAIL) is None
    assert tariff.find("+32470000001", Channel.MMS) is None
    with pytest.raises(ValidationError, match="the prefix \\+32 is given twice"):
        a_file(fax=[row("+32"), row("+32")])
    with pytest.raises(ValidationError, match="is nothing"):
        a_file(fax=[row("+32", "0")])


@pytest.mark.parametrize(
    ("written", "shares"),
    [("a", {"a": 1}), (["a", "b", "c"], {"a": 1, "b": 0, "c": 0}), ({"a": "70", "b": "30"}, {"a": 70, "b": 30})],
    ids=["one", "in order", "shares"],
)
def test_a_line_names_one_provider_or_several(written: object, shares: dict[str, int]) -> None:
    line = Tariff.of(a_file({**row("+32"), "provider": written})).find("+32470000001")  # type: ignore[dict-item]
    assert line is not None
    assert dict(line.shares) == shares


@pytest.mark.parametrize("written", [{"a": "0", "b": "0"}, [], {}, "", {"a": "-1"}, {"a": "many"}])
def test_shares_that_nobody_can_send_by_are_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        a_file({**row("+32"), "provider": written})  # type: ignore[dict-item]

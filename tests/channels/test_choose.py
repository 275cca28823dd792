"""The router finds road, parts and price, or says by name why there is none."""

from typing import Any

import pytest

from engine.channels.choose import choose
from engine.channels.tariff import Tariff, TariffFile
from engine.money import Money
from engine.notification import Channel
from engine.quote import Quote
from engine.reason import Reason
from tests.builders import a_notification

TARIFF = Tariff.of(
    TariffFile.model_validate(
        {
            "version": 1,
            "currency": "EUR",
            "sms": [
                {"prefix": "+32", "price": "0.08", "provider": "phone"},
                {"prefix": "+31", "price": "0.0825", "provider": "gone"},
            ],
        }
    )
)

CARRIERS = {"phone": {Channel.SMS, Channel.EMAIL, Channel.FAX}, "gate": {Channel.SMS}}


def ask(**other: Any) -> Quote | Reason:
    return choose(a_notification(**other), TARIFF, CARRIERS)


def test_a_text_of_one_part_costs_the_price_of_its_prefix() -> None:
    assert ask() == Quote(
        channel=Channel.SMS, provider="phone", parts=1, price=Money.parse("0.08", "EUR"), tariff="+32"
    )


def test_each_part_is_paid() -> None:
    found = ask(text="x" * 161, max_parts=2)
    assert isinstance(found, Quote)
    assert (found.parts, str(found.price)) == (2, "EUR 0.16")


def test_one_character_outside_the_alphabet_can_buy_a_second_part() -> None:
    found = ask(text="x" * 70 + "ş", max_parts=2)
    assert isinstance(found, Quote)
    assert found.parts == 2


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"address": "+33612345678"}, Reason.NO_ROUTE),
        ({"address": "+31612345678"}, Reason.NO_ROUTE),  # its provider is not configured
        ({"address": "+3225000000"}, Reason.NOT_MOBILE),
        ({"text": "x" * 161}, Reason.TOO_LONG),
        ({"text": "x" * 307, "max_parts": 2}, Reason.TOO_LONG),
        ({"channel": Channel.FAX}, Reason.NO_ROUTE),
    ],
)
def test_every_no_has_its_name(other: dict[str, Any], reason: Reason) -> None:
    assert ask(**other) is reason


def test_a_plan_that_does_not_tell_mobile_from_fixed_counts_as_mobile() -> None:
    assert ask(address="+12125550123") is Reason.NO_ROUTE

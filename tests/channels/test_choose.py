"""The router finds road, parts and price, or says by name why there is none."""

from typing import Any

import pytest

from engine.channels.choose import choose
from engine.channels.tariff import Tariff, TariffFile
from engine.money import Money
from engine.notification import Channel, Road
from engine.quote import Closed, Quote
from engine.reason import Reason
from tests.builders import PHONE, a_notification

TARIFF = Tariff.of(
    TariffFile.model_validate(
        {
            "version": 1,
            "currency": "EUR",
            "sms": [
                {"prefix": "+32", "price": "0.08", "provider": "phone"},
                {"prefix": "+31", "price": "0.0825", "provider": "gone"},
                {"prefix": "+46", "price": "0.05", "provider": "gate"},
            ],
            "fax": [
                {"prefix": "+32", "price": "0.15", "provider": "phone"},
                {"prefix": "+46", "price": "0.05", "provider": "gate"},
            ],
            "email": {"price": "0", "provider": "phone"},
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
        ({"channel": Channel.MMS}, Reason.NO_ROUTE),
        ({"channel": Channel.FAX, "address": "+4686000000"}, Reason.NO_ROUTE),  # its provider carries SMS only
    ],
)
def test_every_no_has_its_name(other: dict[str, Any], reason: Reason) -> None:
    assert ask(**other) is reason


def test_a_plan_that_does_not_tell_mobile_from_fixed_counts_as_mobile() -> None:
    assert ask(address="+12125550123") is Reason.NO_ROUTE


MAIL = Road(channel=Channel.EMAIL, address="anna@example.org", text="x" * 5000)
FAX = Road(channel=Channel.FAX, address="+3225000000", text="line\n" * 61)


def test_the_first_road_that_can_be_taken_is_taken() -> None:
    far = Road(channel=Channel.MMS, address=PHONE, text="x")
    own = ask(otherwise=(MAIL, far))
    assert isinstance(own, Quote)
    assert own.model_copy(update={"beside": ()}) == ask()
    mail, closed = own.beside
    assert isinstance(mail, Quote)
    assert (mail.channel, mail.road) == (Channel.EMAIL, MAIL)
    assert closed == Closed(channel=Channel.MMS, reason=Reason.NO_ROUTE)
    found = ask(address="+33612345678", otherwise=(MAIL, FAX))
    assert isinstance(found, Quote)
    assert (found.channel, found.road, found.parts, found.price.minor) == (Channel.EMAIL, MAIL, 1, 0)
    told = a_notification(otherwise=(MAIL,))
    assert (found.address_of(told), found.text_of(told)) == (MAIL.address, MAIL.text)


def test_a_text_too_long_for_one_road_takes_the_next() -> None:
    found = ask(text="x" * 161, otherwise=(MAIL,))
    assert isinstance(found, Quote)
    assert found.channel is Channel.EMAIL
    assert (
        ask(text="x" * 161, otherwise=(Road(channel=Channel.SMS, address="+31612345678", text="x"),))
        is Reason.TOO_LONG
    )


def test_the_channel_that_is_wanted_first_comes_first_where_it_can() -> None:
    told = a_notification(otherwise=(FAX, MAIL))
    wanted = choose(told, TARIFF, CARRIERS, first=Channel.EMAIL)
    assert isinstance(wanted, Quote)
    assert wanted.channel is Channel.EMAIL
    assert choose(a_notification(), TARIFF, CARRIERS, first=Channel.EMAIL) == ask()


@pytest.mark.parametrize(
    ("text", "pages"),
    [("", 1), ("x", 1), ("line\n" * 60, 1), ("line\n" * 61, 2), ("word " * 16 * 60, 1), ("word " * 16 * 61, 2)],
    ids=["empty", "a letter", "a full page", "a line more", "long lines", "one too many"],
)
def test_each_page_of_a_fax_is_paid(text: str, pages: int) -> None:
    found = ask(channel=Channel.FAX, address="+3225000000", text=text)
    assert isinstance(found, Quote)
    assert (found.parts, found.price.minor) == (pages, 1500 * pages)

"""A number, from how it is written to the router's yes or no: landline, premium, emergency, none at all."""

import pytest

from engine import phone
from engine.channels.choose import choose
from engine.channels.tariff import Tariff, TariffFile
from engine.notification import Channel
from engine.quote import Quote
from engine.reason import Reason
from tests.builders import a_notification

WORLD = Tariff.of(
    TariffFile.model_validate(
        {
            "version": 1,
            "currency": "EUR",
            "sms": [{"prefix": f"+{digit}", "price": "0.1", "provider": "phone"} for digit in range(1, 10)],
        }
    )
)


def road(number: str) -> Quote | Reason:
    return choose(a_notification(address=number), WORLD, {"phone": {Channel.SMS}})


@pytest.mark.parametrize("written", ["+32 475 123456", "+0032 475 12 34 56", "32 475 123456", "0032 (0)475/12.34.56"])
def test_a_mobile_number_has_a_road_however_it_is_written(written: str) -> None:
    assert isinstance(road(phone.parse(written)), Quote)


@pytest.mark.parametrize(
    "written",
    [
        "+32 2 234 56 78",
        "+44 20 7946 0000",
        "+32 903 12345",
        "+46 900 123 45 67",
        "+32 800 12345",
        "+800 1234 5678",
        "+32 70 345 345",
        "+44 70 1234 5678",
        "+882 16 1234 5678",
    ],
    ids=["landline", "London", "premium", "premium SE", "free", "free world", "shared", "personal", "network"],
)
def test_a_number_that_is_no_phone_of_a_person_has_no_road_and_a_reason(written: str) -> None:
    number = phone.parse(written)
    assert road(number) is Reason.NOT_MOBILE
    assert phone.refusal(number)


@pytest.mark.parametrize(
    ("written", "region", "hint"),
    [
        ("112", "BE", "emergency"),
        ("112", None, "emergency"),
        ("911", "US", "emergency"),
        ("8810", "BE", "short"),
        ("+32 112", None, "too few"),
        ("+112", None, "too few"),
        ("+3", None, "not a phone number"),
        ("+32 475 12 34 56 78 90 12", None, "too many|not a phone number"),
        ("+32 999 99 99 99", None, "no such number"),
        ("0475 12 34 56", None, "country code"),
        ("0" * 40, "BE", "not a phone number"),
    ],
)
def test_what_is_no_number_never_reaches_the_router(written: str, region: str | None, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        phone.parse(written, region)

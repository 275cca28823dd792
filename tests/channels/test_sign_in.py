"""A wrong name or password is told as such, by every provider that can be asked without sending."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import SigningIn
from engine.net import Http
from engine.reason import Reason
from tests.channels.smpp.rig import SmppRig
from tests.contracts.provider import SECRET
from tests.servers.hfaxd import Hfaxd
from tests.servers.mailroom import Mailroom
from tests.servers.phone import PhoneRig
from tests.servers.vendors import Vendor
from tests.servers.vendors.clicksend import Clicksend
from tests.servers.vendors.infobip import Infobip
from tests.servers.vendors.interfax import Interfax
from tests.servers.vendors.messagebird import Messagebird
from tests.servers.vendors.sinch import Sinch
from tests.servers.vendors.twilio import Twilio
from tests.servers.vendors.vonage import Vonage

WRONG = "wrong-4711"
#: The vendors that can be asked, and what their secret is called.
VENDORS = {
    Clicksend: "key",
    Infobip: "key",
    Interfax: "password",
    Twilio: "token",
    Vonage: "secret",
    Sinch: "token",
    Messagebird: "key",
}
#: The drivers whose makers offer no request that sends nothing.
DUMB = {"apprise", "gammu", "intelecom", "link", "pswincom"}


@pytest.fixture(params=VENDORS, ids=lambda vendor: str(vendor.__name__))
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    made = request.param()
    await made.start()
    yield made
    await made.stop()


async def try_to_sign_in(driver: str, settings: dict[str, Any]) -> Answer:
    model = registry.SETTINGS[driver].model_validate({"driver": driver, **settings})
    http = Http()
    provider = registry.build("any", model, http, "https://tocsin.example")
    try:
        assert isinstance(provider, SigningIn)
        answer = await provider.sign_in()
    finally:
        await provider.close()
        await http.close()
    assert answer is not None
    assert WRONG not in repr(answer)
    return answer


def assert_wrong(answer: Answer) -> None:
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_AUTH)


async def test_a_vendor_says_that_the_secret_is_wrong(vendor: Vendor) -> None:
    settings, name = vendor.settings(), VENDORS[type(vendor)]
    if "secrets" in settings:
        settings["secrets"] = {**settings["secrets"], name: WRONG}
    else:
        settings[name] = WRONG
    assert_wrong(await try_to_sign_in(vendor.driver, settings))
    assert vendor.taken() == []


@pytest.mark.parametrize("driver", ["smtp", "email_gateway"])
async def test_a_mail_server_says_that_the_password_is_wrong(driver: str) -> None:
    own = {"address": "{number}@sms.example"} if driver == "email_gateway" else {}
    async with Mailroom.running(password=SECRET) as room:
        settings = {"host": "127.0.0.1", "port": room.port, "tls": "off", "sender": "tocsin@ours.example", **own}
        assert_wrong(await try_to_sign_in(driver, {**settings, "user": "tocsin", "password": WRONG}))
        answer = await try_to_sign_in(driver, {**settings, "user": "tocsin", "password": SECRET})
        assert answer.outcome is Outcome.ACCEPTED
        assert room.taken == []


async def test_hfaxd_says_that_the_password_is_wrong() -> None:
    async with Hfaxd.running(password=SECRET) as fax:
        assert_wrong(await try_to_sign_in("hylafax", {"port": fax.port, "password": WRONG}))
        assert (await try_to_sign_in("hylafax", {"port": fax.port, "password": SECRET})).outcome is Outcome.ACCEPTED


async def test_an_sms_centre_says_that_the_password_is_wrong() -> None:
    rig = SmppRig()
    await rig.smsc.start()
    try:
        await rig.behave("refuse", reason="auth")
        answer = await rig.provider().sign_in()
    finally:
        await rig.stop()
    assert_wrong(answer)


async def test_the_phone_says_that_the_token_is_wrong(tmp_path: Path) -> None:
    rig = PhoneRig(tmp_path)
    await rig.start()
    try:
        provider = rig.provider(ProviderClass.IDEMPOTENT, token=WRONG)
        assert isinstance(provider, SigningIn)
        answer = await provider.sign_in()
    finally:
        await rig.stop()
    assert answer is not None
    assert_wrong(answer)


def test_every_other_driver_can_only_be_tried_by_sending() -> None:
    assert {name for name, each in registry.DRIVERS.items() if not hasattr(each.provider, "sign_in")} == DUMB

"""Twilio's driver keeps the contract against a fake that Twilio's own SDK understands, and believes its validator."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.providers.twilio import TwilioSettings
from engine.medium import Medium
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, SECRET, TEXT, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import PUBLIC
from tests.servers.vendors.twilio import ACCOUNT, Twilio, report, sign


@pytest.fixture
async def rig() -> AsyncIterator[Twilio]:
    made = Twilio()
    await made.start()
    yield made
    await made.stop()


class TestTwilio(VendorContract):
    """Every promise of the contract, for an opaque vendor that signs its callbacks."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.OPAQUE,)
    refusals: ClassVar[dict[str, Reason]] = {
        "bad_number": Reason.BAD_NUMBER,
        "auth": Reason.PROVIDER_AUTH,
        "refused": Reason.PROVIDER_REFUSED,
        "stopped": Reason.NO_CONSENT,
        "landline": Reason.NOT_MOBILE,
    }


def provider(rig: Twilio, **settings: Any) -> Any:
    return rig.provider(ProviderClass.OPAQUE, **settings)


@pytest.mark.parametrize("word", ["queue", "rate"])
async def test_a_full_queue_or_too_many_requests_are_not_taken(rig: Twilio, word: str) -> None:
    await rig.behave("refuse", reason=word)
    answer = await send(provider(rig))
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY)


async def test_a_message_leaves_as_the_vendor_s_manual_asks_for_it(rig: Twilio) -> None:
    message = a_message().model_copy(update={"not_after": datetime.now(UTC) + timedelta(minutes=30)})
    await provider(rig).send(message, "r1")
    [sent] = rig.requests
    assert 1700 < int(sent.pop("ValidityPeriod")) <= 1800
    assert sent == {
        "To": NUMBER,
        "From": "+15005550006",
        "Body": TEXT,
        "StatusCallback": f"{PUBLIC}/callbacks/vendor?ref=r1",
    }


async def test_each_channel_has_its_own_fields(rig: Twilio) -> None:
    service = "MG" + "1" * 32
    made = provider(rig, sender="", service=service, rcs_sender="tocsin_agent", reports="false")
    assert made.channels == {Channel.SMS, Channel.MMS, Channel.RCS}
    for channel in (Channel.SMS, Channel.MMS, Channel.RCS):
        await made.send(a_message("x").model_copy(update={"channel": channel}), "r1")
    sms, mms, rcs = rig.requests
    assert sms == {"To": NUMBER, "MessagingServiceSid": service, "Body": "x"}
    assert mms == {**sms, "SendAsMms": "true"}
    assert rcs == {**sms, "To": f"rcs:{NUMBER}", "From": "rcs:tocsin_agent"}


def test_rcs_is_carried_only_with_a_sender_of_its_own() -> None:
    known = {"driver": "twilio", "account": ACCOUNT, "token": SECRET, "sender": "Tocsin"}
    assert registry.channels_of(TwilioSettings.model_validate(known)) == {Channel.SMS, Channel.MMS}
    with_rcs = TwilioSettings.model_validate({**known, "rcs_sender": "agent"})
    assert Channel.RCS in registry.channels_of(with_rcs)


@pytest.mark.parametrize(
    ("word", "error", "fate", "reason"),
    [
        ("queued", "", Fate.SENT, Reason.ACCEPTED),
        ("sent", "", Fate.SENT, Reason.ACCEPTED),
        ("delivered", "", Fate.DELIVERED, Reason.DELIVERED),
        ("read", "", Fate.READ, Reason.READ),
        ("undelivered", "30003", Fate.UNDELIVERED, Reason.PHONE_OFF),
        ("undelivered", "30005", Fate.UNDELIVERED, Reason.BAD_NUMBER),
        ("undelivered", "30006", Fate.UNDELIVERED, Reason.NOT_MOBILE),
        ("undelivered", "30007", Fate.UNDELIVERED, Reason.FILTERED),
        ("undelivered", "30008", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("failed", "", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("canceled", "", Fate.UNDELIVERED, Reason.UNDELIVERED),
    ],
)
async def test_each_report_has_one_fate(rig: Twilio, word: str, error: str, fate: Fate, reason: Reason) -> None:
    [found] = provider(rig).read_callback(*sign({"ref": "r1"}, report(word, error)))
    assert (found.client_ref, found.provider_ref, found.fate, found.reason) == ("r1", "SM1", fate, reason)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.dictionaries(_TEXTS.filter(bool), _TEXTS, max_size=6))
def test_whatever_twilio_s_own_validator_holds_to_be_signed_is_believed(fields: dict[str, str]) -> None:
    known = {"driver": "twilio", "account": ACCOUNT, "token": SECRET, "sender": "Tocsin"}
    for public in (PUBLIC, f"{PUBLIC}:443", "http://tocsin.example:8025"):
        made = registry.build("vendor", TwilioSettings.model_validate(known), Http(), public)
        body = urlencode({**fields, "MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": ""}).encode()
        [found] = made.read_callback(*sign({"ref": "r1"}, body, address=f"{public}/callbacks/vendor"))
        assert found.provider_ref == "SM1"


async def test_what_became_of_a_message_can_be_asked(rig: Twilio) -> None:
    made = provider(rig)
    answer = await send(made)
    found = await made.poll("r1", answer.provider_ref)
    assert (found.client_ref, found.provider_ref, found.fate) == ("r1", answer.provider_ref, Fate.DELIVERED)
    assert await made.poll("r1", "SM404") is None
    await rig.switch_off()
    assert await made.poll("r1", answer.provider_ref) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "AC1"},
        {"sender": ""},
        {"sender": "a\r\nb"},
        {"token": None},
        {"token_file": "secrets/twilio"},
        {"service": "MG"},
        {"url": "http://api.twilio.com"},
        {"url": "https://u:p@api.twilio.com"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    known = {"driver": "twilio", "account": ACCOUNT, "token": SECRET, "sender": "Tocsin", **wrong}
    with pytest.raises(ValidationError) as raised:
        TwilioSettings.model_validate({name: value for name, value in known.items() if value is not None})
    assert SECRET not in str(raised.value.errors(include_input=False))


class _Detour(TwilioHttpClient):
    """Twilio's own HTTP client, sent to the fake."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def request(self, method: str, url: str, *args: Any, **how: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self.url), *args, **how)


async def test_pictures_are_named_as_twilio_s_own_sdk_names_them(rig: Twilio) -> None:
    # prism cannot judge this: it reads no repeated field of a form as a list
    media = (a_medium(1), a_medium(2))
    message = a_message("see").model_copy(update={"channel": Channel.MMS, "media": media})
    await provider(rig, reports="false").send(message, "")
    ours, [fields] = rig.media, rig.requests

    def talk() -> None:
        detour = _Detour(rig.listener.url)
        with detour.session:
            asked = {"to": NUMBER, "from_": "+15005550006", "body": "see", "send_as_mms": True}
            Client(ACCOUNT, SECRET, http_client=detour).messages.create(
                **asked, media_url=[each.url for each in media]
            )

    await asyncio.to_thread(talk)
    assert rig.media == ours == [each.url for each in media]
    assert {name: value.lower() for name, value in rig.requests[1].items()} == {
        name: value.lower() for name, value in fields.items()
    }


async def test_the_fake_speaks_as_twilio_s_own_sdk_expects(rig: Twilio) -> None:
    def talk(token: str) -> list[Any]:
        detour = _Detour(rig.listener.url)
        with detour.session:
            messages = Client(ACCOUNT, token, http_client=detour).messages
            asked = {"to": NUMBER, "from_": "+15005550006", "body": "hello"}
            made = messages.create(**asked, status_callback=f"{PUBLIC}/x?ref=r1")
            return [made, messages(made.sid).fetch()]

    made, shown = await asyncio.to_thread(talk, SECRET)
    assert (made.status, shown.status, shown.sid) == ("queued", "delivered", made.sid)
    assert rig.taken() == ["r1"]
    with pytest.raises(TwilioRestException) as raised:
        await asyncio.to_thread(talk, "wrong")
    assert (raised.value.status, raised.value.code) == (401, 20003)


def a_medium(
    number: int, media_type: str = "image/png", size: int = 1000, url: str = "https://t.example/media/"
) -> Medium:
    return Medium(
        id=UUID(int=number),
        name=f"{number}.png",
        media_type=media_type,
        body=b"x" * size,
        url=url and f"{url}{number}",
    )


async def test_pictures_go_along_where_twilio_fetches_them_and_the_rest_is_linked(rig: Twilio) -> None:
    media = (
        a_medium(1),
        a_medium(2, "application/pdf"),
        a_medium(3),
        a_medium(4, size=5_000_000),
        a_medium(5, url=""),
    )
    message = a_message("see").model_copy(update={"channel": Channel.MMS, "media": media})
    await provider(rig).send(message, "r1")
    [sent] = rig.requests
    assert sent["Body"] == "see\nhttps://t.example/media/2\nhttps://t.example/media/4"
    assert rig.media == ["https://t.example/media/1", "https://t.example/media/3"]


async def test_rcs_carries_one_file_and_links_the_others(rig: Twilio) -> None:
    media = (a_medium(1, "application/pdf"), a_medium(2))
    message = a_message("see").model_copy(update={"channel": Channel.RCS, "media": media})
    await provider(rig, rcs_sender="tocsin_agent").send(message, "r1")
    [sent] = rig.requests
    assert (sent["To"], sent["Body"]) == (f"rcs:{NUMBER}", "see\nhttps://t.example/media/2")
    assert rig.media == ["https://t.example/media/1"]


async def test_a_phone_without_rcs_is_asked_about_once_a_day(rig: Twilio) -> None:
    made = provider(rig, rcs_sender="tocsin_agent")
    rich = a_message("x").model_copy(update={"channel": Channel.RCS})
    await rig.behave("refuse", reason="no_rcs")
    for _ in range(2):
        answer = await made.send(rich, "r1")
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.NOT_CAPABLE)
    assert rig.asked == 1
    assert (await made.send(a_message("x"), "r2")).outcome is Outcome.ACCEPTED

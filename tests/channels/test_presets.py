"""Vendors that ship as descriptions keep the contract, each against a fake that its own SDK understands."""

import asyncio
import json
import re
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar, get_args
from uuid import UUID

import messagebird
import pytest
import requests
from messagebird.client import ErrorException
from messagebird.http_client import HttpClient as MessagebirdHttp
from requests.adapters import HTTPAdapter
from vonage_http_client.auth import Auth
from vonage_http_client.errors import AuthenticationError
from vonage_http_client.http_client import HttpClient as VonageHttp
from vonage_messages import Messages, MmsImage, RcsCardMessage, Sms

from engine.answer import Outcome, ProviderClass
from engine.channels.endpoint import Tls
from engine.channels.providers.http.presets import PRESETS
from engine.channels.providers.http.settings import HttpSettings
from engine.document import read, validate
from engine.medium import Medium
from engine.message import Message
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from engine.settings.engine_file import engine_file
from tests.contracts.provider import NUMBER, SECRET, TEXT, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import PUBLIC, TOKEN, Vendor
from tests.servers.vendors.messagebird import Messagebird
from tests.servers.vendors.sinch import PLAN, Sinch, report
from tests.servers.vendors.vonage import Vonage, proven, status

ADDRESS = f"{PUBLIC}/callbacks/vendor?proof={TOKEN}"
OPAQUE, QUERYABLE = ProviderClass.OPAQUE, ProviderClass.QUERYABLE


@pytest.fixture
async def vonage() -> AsyncIterator[Vonage]:
    made = Vonage()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def sinch() -> AsyncIterator[Sinch]:
    made = Sinch()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def bird() -> AsyncIterator[Messagebird]:
    made = Messagebird()
    await made.start()
    yield made
    await made.stop()


class TestVonage(VendorContract):
    """Every promise of the contract, for the preset of Vonage."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (OPAQUE,)

    @pytest.fixture
    def rig(self, vonage: Vonage) -> Vendor:
        return vonage


class TestSinch(VendorContract):
    """Every promise of the contract, for the preset of Sinch."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (QUERYABLE,)
    refusals: ClassVar[dict[str, Reason]] = {
        "bad_number": Reason.BAD_NUMBER,
        "auth": Reason.PROVIDER_AUTH,
        "refused": Reason.PROVIDER_AUTH,
        "wrong": Reason.PROVIDER_REFUSED,
    }

    @pytest.fixture
    def rig(self, sinch: Sinch) -> Vendor:
        return sinch


class TestMessagebird(VendorContract):
    """Every promise of the contract, for the preset of MessageBird."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (OPAQUE,)
    reads_body: ClassVar[bool] = False

    @pytest.fixture
    def rig(self, bird: Messagebird) -> Vendor:
        return bird


async def test_a_message_leaves_as_vonage_s_manual_asks_for_it(vonage: Vonage) -> None:
    await send(vonage.provider(OPAQUE))
    assert vonage.requests == [
        {
            "channel": "sms",
            "message_type": "text",
            "from": "Tocsin",
            "to": NUMBER[1:],
            "text": TEXT,
            "client_ref": "r1",
            "webhook_version": "v1",
            "webhook_url": ADDRESS,
            "sms": {"encoding_type": "auto"},
        }
    ]


async def test_a_message_leaves_as_sinch_s_manual_asks_for_it(sinch: Sinch) -> None:
    await send(sinch.provider(QUERYABLE))
    assert sinch.requests == [
        {
            "from": "Tocsin",
            "to": [NUMBER[1:]],
            "body": TEXT,
            "client_reference": "r1",
            "delivery_report": "per_recipient",
            "callback_url": ADDRESS,
        }
    ]


async def test_a_message_leaves_as_messagebird_s_manual_asks_for_it(bird: Messagebird) -> None:
    await send(bird.provider(OPAQUE))
    assert bird.requests == [
        {
            "originator": "Tocsin",
            "recipients": [NUMBER[1:]],
            "body": TEXT,
            "datacoding": "auto",
            "reference": "r1",
            "reportUrl": ADDRESS,
        }
    ]


@pytest.mark.parametrize(
    ("word", "fate", "reason"),
    [
        ("submitted", Fate.SENT, Reason.ACCEPTED),
        ("delivered", Fate.DELIVERED, Reason.DELIVERED),
        ("undeliverable", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("rejected", Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_each_word_of_vonage_has_one_fate(vonage: Vonage, word: str, fate: Fate, reason: Reason) -> None:
    [found] = vonage.provider(OPAQUE).read_callback(*proven([status(word, "r1")])[0])
    assert (found.client_ref, found.fate, found.reason) == ("r1", fate, reason)


async def test_what_sinch_does_not_know_takes_back_nothing(sinch: Sinch) -> None:
    assert sinch.provider(QUERYABLE).read_callback(*proven([report("Unknown", "r1")])[0]) == []


# ---- files


PICTURE = Medium(
    id=UUID(int=1), name="a.png", media_type="image/png", body=b"x", url="https://t.example/media/x/1/y/1.png"
)


def a_rich(channel: Channel, *media: Medium) -> Message:
    return a_message("see").model_copy(update={"channel": channel, "media": media, "title": "Spoed"})


@pytest.mark.parametrize(("preset", "channel"), [("vonage_mms", Channel.MMS), ("vonage_rcs", Channel.RCS)])
async def test_a_picture_goes_as_vonages_own_sdk_would_send_it(vonage: Vonage, preset: str, channel: Channel) -> None:
    made = vonage.provider(OPAQUE, preset=preset)
    assert made.channels == {channel}
    other = PICTURE.model_copy(update={"media_type": "application/pdf", "url": "https://t.example/pdf"})
    assert (await made.send(a_rich(channel, PICTURE, other), "r1")).outcome is Outcome.ACCEPTED
    [body] = vonage.requests
    known = {key: value for key, value in body.items() if key != "from"} | {"from_": body["from"]}
    model = MmsImage if channel is Channel.MMS else RcsCardMessage
    again = model.model_validate(known).model_dump(by_alias=True, exclude_none=True)
    assert {**again, "webhook_version": "v1"} == body
    said = str(body.get("image") or body.get("card"))
    assert PICTURE.url in said
    assert "https://t.example/pdf" in said


async def test_a_phone_without_rcs_is_found_out_before_anything_is_sent_and_asked_about_once(vonage: Vonage) -> None:
    url = f"{vonage.listener.url}/rcs/{{sender}}/google/phones/{{to.digits}}/capabilities"
    asking = {"url": url, "headers": {"Authorization": "Bearer {secret.jwt}"}, "no": {"status": ("404",)}}
    settings = vonage.settings()
    settings["secrets"]["jwt"] = "token-of-the-day"
    vonage.plain = (NUMBER[1:],)
    made = vonage.provider(OPAQUE, **{**settings, "preset": "vonage_rcs", "capability": asking})
    for _ in range(2):
        answer = await made.send(a_rich(Channel.RCS), "r1")
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.NOT_CAPABLE)
    assert (vonage.looked, vonage.requests) == (1, [])
    settings["secrets"]["jwt"] = "expired"
    unsure = vonage.provider(OPAQUE, **{**settings, "preset": "vonage_rcs", "capability": asking})
    assert (await unsure.send(a_rich(Channel.RCS), "r2")).outcome is Outcome.ACCEPTED


# ---- what a preset is


def test_the_presets_are_those_that_the_settings_name() -> None:
    assert set(get_args(get_args(HttpSettings.model_fields["preset"].annotation)[0])) == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_needs_no_more_than_its_secrets_and_a_sender(preset: str) -> None:
    known = re.findall(r"\{secret\.(\w+)\}", _text(preset))
    secrets = ", ".join(f"{name}: secrets/{name}" for name in dict.fromkeys(known))
    written = (
        f"version: 1\nproviders:\n  any: {{driver: http, preset: {preset}, sender: T, secret_files: {{{secrets}}}}}\n"
    )
    file, problems = validate(read(written.encode(), "engine.yaml"), engine_file())
    assert problems == []
    assert file is not None
    assert all(at.tls is Tls.ON for at in file.providers["any"].endpoints())


def _text(preset: str) -> str:
    import engine.channels.providers.http.presets as package

    return (Path(package.__file__).parent / f"{preset}.yaml").read_text()


def _problems(line: str) -> list[str]:
    file, problems = validate(read(f"version: 1\nproviders:\n  any: {{{line}}}\n".encode(), "x"), engine_file())
    assert file is None
    return [problem.message for problem in problems]


def test_a_mistake_over_a_preset_is_found_where_it_is_written() -> None:
    assert _problems("driver: http, preset: vonag") == [
        "no preset is called 'vonag'; there are: messagebird, sinch, vonage, vonage_mms, vonage_rcs"
    ]
    assert "no secret is called 'reports'" in _problems(
        "driver: http, preset: vonage, secret_files: {key: a, secret: b}"
    )
    assert _problems(
        "driver: http, preset: vonage, secret_files: {key: a, secret: b, reports: c}, send: {json: {x: '{y}'}}"
    ) == ["nothing is called 'y' here"]


async def test_what_is_written_goes_before_what_the_preset_says(sinch: Sinch) -> None:
    url = f"{sinch.listener.url}/xms/v1/{{secret.plan}}/batches"
    made = sinch.provider(QUERYABLE, send={"url": url, "json": {"body": "Tocsin: {text}"}}, errors=[])
    await made.send(a_message("x"), "r1")
    [sent] = sinch.requests
    assert (sent["body"], sent["client_reference"]) == ("Tocsin: x", "r1")


# ---- the vendors' own SDKs


class _Plain(HTTPAdapter):
    """Takes the encryption off on the way to a fake."""

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **how)


async def test_the_fake_speaks_as_vonage_s_own_sdk_expects(vonage: Vonage) -> None:
    def talk(secret: str) -> str:
        client = VonageHttp(Auth(api_key="tocsin", api_secret=secret))
        client._api_host = vonage.listener.url.removeprefix("http://")
        with client._session as session:
            session.mount("https://", _Plain())
            sms = Sms(to=NUMBER[1:], from_="Tocsin", text="x", client_ref="r1", webhook_url="https://a.example/x")
            return str(Messages(client).send(sms).message_uuid)

    assert await asyncio.to_thread(talk, SECRET) == "V00000001"
    assert vonage.taken() == ["r1"]
    with pytest.raises(AuthenticationError):
        await asyncio.to_thread(talk, "wrong")


async def test_the_fake_speaks_as_sinch_s_own_sdk_expects(sinch: Sinch) -> None:
    def talk() -> list[Any]:
        with warnings.catch_warnings():  # its own source has escapes that Python warns of
            warnings.simplefilter("ignore")
            from sinch import SinchClient
        client = SinchClient(service_plan_id=PLAN, sms_api_token=SECRET, sms_region="us")
        client.configuration.sms_origin_with_service_plan_id = sinch.listener.url
        try:
            made = client.sms.batches.send_sms(
                to=[NUMBER], from_="Tocsin", body="x", client_reference="r1", delivery_report="per_recipient"
            )
            return [made, *client.sms.batches.list(client_reference="r1").content()]
        finally:
            client.configuration.transport.http_session.close()

    made, found = await asyncio.to_thread(talk)
    assert (made.id, found.id, found.client_reference) == ("V00000001", "V00000001", "r1")


async def test_the_fake_speaks_as_messagebird_s_own_sdk_expects(bird: Messagebird) -> None:
    def talk(key: str) -> Any:
        client = messagebird.Client(key, MessagebirdHttp(f"{bird.listener.url}/", key, "test"))
        return client.message_create("Tocsin", NUMBER[1:], "x", {"reference": "r1", "datacoding": "auto"})

    made = await asyncio.to_thread(talk, SECRET)
    assert (made.id, made.reference, made.recipients["items"][0].status) == ("V00000001", "r1", "sent")
    with pytest.raises(ErrorException):
        await asyncio.to_thread(talk, "wrong")


async def test_a_yes_of_vonage_without_its_id_is_unknown(vonage: Vonage) -> None:
    await vonage.behave("say", status=202, body=json.dumps({"message": "ok"}).encode())
    assert (await send(vonage.provider(OPAQUE))).outcome is Outcome.UNKNOWN

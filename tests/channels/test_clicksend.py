"""ClickSend's driver keeps the contract against a fake that ClickSend's own SDK understands."""

import ast
import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from urllib.parse import urlencode

import clicksend_client
import pytest
from clicksend_client.rest import ApiException

from engine.answer import Outcome, ProviderClass
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, SECRET, TEXT, a_message, assert_discreet, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import TOKEN
from tests.servers.vendors.clicksend import Clicksend, receipt


@pytest.fixture
async def rig() -> AsyncIterator[Clicksend]:
    made = Clicksend()
    await made.start()
    yield made
    await made.stop()


class TestClicksend(VendorContract):
    """Every promise of the contract, for an opaque vendor."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.OPAQUE,)


def provider(rig: Clicksend, **settings: Any) -> Any:
    return rig.provider(ProviderClass.OPAQUE, **settings)


def a_fax(text: str = TEXT) -> Any:
    return a_message(text).model_copy(update={"channel": Channel.FAX})


async def test_a_message_leaves_as_the_vendor_s_manual_asks_for_it(rig: Clicksend) -> None:
    await provider(rig).send(a_message(), "r1")
    assert rig.requests == [{"source": "tocsin", "to": NUMBER, "from": "Tocsin", "body": TEXT, "custom_string": "r1"}]


@pytest.mark.parametrize(("word", "outcome"), [("again", Outcome.NOT_TAKEN), ("internal", Outcome.UNKNOWN)])
async def test_what_is_throttled_was_not_taken_and_an_error_of_its_own_is_unknown(
    rig: Clicksend, word: str, outcome: Outcome
) -> None:
    await rig.behave("refuse", reason=word)
    assert (await send(provider(rig))).outcome is outcome


async def test_a_fax_is_drawn_uploaded_and_sent(rig: Clicksend) -> None:
    answer = await provider(rig).send(a_fax(), "r1")
    assert (answer.outcome, answer.provider_ref, rig.taken()) == (Outcome.ACCEPTED, "V00000001", ["r1"])
    [sent] = rig.requests
    assert sent.pop("file").startswith(b"%PDF-")
    assert sent == {"source": "tocsin", "to": NUMBER, "from": "Tocsin", "custom_string": "r1"}


async def test_a_fax_of_many_pages_has_no_parts(rig: Clicksend) -> None:
    assert (await provider(rig).send(a_fax("line\n" * 2000), "r1")).outcome is Outcome.ACCEPTED


async def test_while_a_fax_is_uploaded_nothing_is_uncertain(rig: Clicksend) -> None:
    await rig.switch_off()
    answer = await provider(rig).send(a_fax(), "r1")
    assert_discreet(answer)
    assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)


async def test_a_fax_without_a_valid_key_is_refused_at_the_upload(rig: Clicksend) -> None:
    answer = await provider(rig, key="wrong").send(a_fax(), "r1")
    assert (answer.outcome, answer.reason, rig.asked) == (Outcome.REFUSED, Reason.PROVIDER_AUTH, 0)


@pytest.mark.parametrize(
    ("code", "fate", "reason"),
    [
        ("200", Fate.SENT, Reason.ACCEPTED),
        ("300", Fate.SENT, Reason.ACCEPTED),
        ("201", Fate.DELIVERED, Reason.DELIVERED),
        ("301", Fate.UNDELIVERED, Reason.UNDELIVERED),
    ],
)
async def test_each_code_has_one_fate(rig: Clicksend, code: str, fate: Fate, reason: Reason) -> None:
    [found] = provider(rig).read_callback({}, {"token": TOKEN}, urlencode(receipt(code)).encode())
    assert (found.client_ref, found.provider_ref, found.fate, found.reason) == ("r1", "V00000001", fate, reason)


async def test_what_became_of_a_message_can_be_asked(rig: Clicksend) -> None:
    made = provider(rig)
    answer = await send(made)
    found = await made.poll("r1", answer.provider_ref)
    assert (found.client_ref, found.fate) == ("r1", Fate.DELIVERED)
    assert await made.poll("r1", "../../account") is None


def _with_the_sdk(rig: Clicksend, key: str = SECRET) -> list[Any]:
    """What ClickSend's own SDK makes of the fake: an SMS, an upload, a fax and a receipt."""
    known = clicksend_client.Configuration()
    known.host, known.username, known.password = f"{rig.listener.url}/v3", "tocsin", key
    client = clicksend_client.ApiClient(known)
    try:
        sms = clicksend_client.SmsMessage(source="sdk", body="x", to=NUMBER, custom_string="r1")
        said = [clicksend_client.SMSApi(client).sms_send_post(clicksend_client.SmsMessageCollection(messages=[sms]))]
        upload = clicksend_client.UploadFile(content="JVBERi0=")
        said.append(clicksend_client.UploadApi(client).uploads_post(upload, "fax"))
        url = ast.literal_eval(said[-1])["data"]["_url"]
        fax = clicksend_client.FaxMessage(source="sdk", to=NUMBER, custom_string="r2")
        both = clicksend_client.FaxMessageCollection(messages=[fax], file_url=url)
        said.append(clicksend_client.FAXApi(client).fax_send_post(both))
        said.append(clicksend_client.SMSApi(client).sms_receipts_by_message_id_get("V00000001"))
    finally:
        client.rest_client.pool_manager.clear()
        client.pool.close()
        client.pool.join()
    return [ast.literal_eval(each) for each in said]


async def test_the_fake_speaks_as_clicksend_s_own_sdk_expects(rig: Clicksend) -> None:
    said = await asyncio.to_thread(_with_the_sdk, rig)
    assert [each["response_code"] for each in said] == ["SUCCESS"] * 4
    assert rig.taken() == ["r1", "r2"]
    with pytest.raises(ApiException) as raised:
        await asyncio.to_thread(_with_the_sdk, rig, "wrong")
    assert raised.value.status == 401

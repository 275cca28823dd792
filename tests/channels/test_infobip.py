"""Infobip's driver keeps the contract against a fake that Infobip's own SDK understands."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import infobip_api_client
import pytest
from infobip_api_client.api.sms_api import SmsApi
from infobip_api_client.exceptions import UnauthorizedException
from infobip_api_client.models.sms_delivery_result import SmsDeliveryResult

from engine.answer import Outcome, ProviderClass
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, SECRET, TEXT, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import PUBLIC, say
from tests.servers.vendors.infobip import Infobip, report


@pytest.fixture
async def rig() -> AsyncIterator[Infobip]:
    made = Infobip()
    await made.start()
    yield made
    await made.stop()


class TestInfobip(VendorContract):
    """Every promise of the contract, for the idempotent vendor."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.IDEMPOTENT,)


async def test_a_message_leaves_as_the_vendor_s_manual_asks_for_it(rig: Infobip) -> None:
    message = a_message().model_copy(update={"not_after": datetime.now(UTC) + timedelta(minutes=30)})
    await rig.provider(ProviderClass.IDEMPOTENT).send(message, "r1")
    [sent] = rig.requests
    assert (sent["sender"], sent["to"], sent["content"]) == ("Tocsin", NUMBER[1:], {"text": TEXT})
    assert sent["webhooks"]["delivery"]["url"].startswith(f"{PUBLIC}/callbacks/vendor?ref=r1&proof=")
    period = sent["options"]["validityPeriod"]
    assert (period["timeUnit"], 1700 < period["amount"] <= 1800) == ("SECONDS", True)
    await rig.provider(ProviderClass.IDEMPOTENT, reports="false").send(a_message(), "r2")
    assert {"webhooks", "options"}.isdisjoint(rig.requests[1])


@pytest.mark.parametrize(
    ("id", "outcome", "reason"),
    [
        (26, Outcome.ACCEPTED, Reason.ACCEPTED),
        (7, Outcome.ACCEPTED, Reason.ACCEPTED),
        (23, Outcome.ACCEPTED, Reason.ACCEPTED),
        (20, Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (21, Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (8, Outcome.REFUSED, Reason.BAD_NUMBER),
        (12, Outcome.REFUSED, Reason.PROVIDER_NO_CREDIT),
        (4, Outcome.REFUSED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_each_status_has_one_meaning(rig: Infobip, id: int, outcome: Outcome, reason: Reason) -> None:
    await rig.behave("say", status=200, body=rig._answer("r1", id).body)
    answer = await send(rig.provider(ProviderClass.IDEMPOTENT))
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert f"({id}): About …" in answer.detail


@pytest.mark.parametrize(
    ("id", "error", "fate", "reason"),
    [
        (5, 0, Fate.DELIVERED, Reason.DELIVERED),
        (2, 0, Fate.SENT, Reason.ACCEPTED),
        (7, 0, Fate.SENT, Reason.ACCEPTED),
        (9, 0, Fate.UNDELIVERED, Reason.UNDELIVERED),
        (9, 27, Fate.UNDELIVERED, Reason.PHONE_OFF),
        (9, 256, Fate.UNDELIVERED, Reason.PHONE_FULL),
        (9, 13, Fate.UNDELIVERED, Reason.BARRED),
        (9, 11, Fate.UNDELIVERED, Reason.UNABLE),
        (4, 1, Fate.UNDELIVERED, Reason.BAD_NUMBER),
        (15, 0, Fate.UNDELIVERED, Reason.UNDELIVERED),
        (52, 0, Fate.UNDELIVERED, Reason.BAD_NUMBER),
        (19, 0, Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_each_report_has_one_fate(rig: Infobip, id: int, error: int, fate: Fate, reason: Reason) -> None:
    callback = rig.callbacks("r1")[0]._replace(body=say(200, {"results": [report("r1", id, error)]}).body)
    [found] = rig.provider(ProviderClass.IDEMPOTENT).read_callback(*callback)
    assert (found.client_ref, found.provider_ref, found.fate, found.reason) == ("r1", "r1", fate, reason)


async def test_the_log_tells_what_became_of_a_message(rig: Infobip) -> None:
    provider: Any = rig.provider(ProviderClass.IDEMPOTENT)
    await send(provider)
    found = await provider.poll("r1", "")
    assert (found.client_ref, found.fate) == ("r1", Fate.DELIVERED)
    assert await provider.poll("r2", "") is None
    await rig.switch_off()
    assert await provider.poll("r1", "") is None


def test_how_long_it_knows_a_message_again_is_a_setting(rig: Infobip) -> None:
    assert rig.provider(ProviderClass.IDEMPOTENT, remembers="2 h").key_life == timedelta(hours=2)


def _with_the_sdk(rig: Infobip, key: str = SECRET) -> list[str]:
    """What Infobip's own SDK makes of the fake: the statuses of a message that is sent twice, and of its log."""
    known = infobip_api_client.Configuration(api_key=key)
    known._base_path, known.server_index = rig.listener.url, None  # its setter would make it https
    with infobip_api_client.ApiClient(known) as client:
        api = SmsApi(client)
        entry = {
            "sender": "Tocsin",
            "destinations": [{"to": NUMBER[1:], "messageId": "r1"}],
            "content": {"text": "x"},
        }
        asked = infobip_api_client.SmsRequest.from_dict({"messages": [entry]})
        try:
            said = [api.send_sms_messages(asked).messages[0] for _ in range(2)]
            said += api.get_outbound_sms_message_logs(message_id=["r1"]).results
        finally:
            client.rest_client.pool_manager.clear()
    assert {each.message_id for each in said} == {"r1"}
    return [each.status.name for each in said]


async def test_the_fake_speaks_as_infobip_s_own_sdk_expects(rig: Infobip) -> None:
    names = await asyncio.to_thread(_with_the_sdk, rig)
    assert names == ["PENDING_ACCEPTED", "REJECTED_DUPLICATE_MESSAGE_ID", "DELIVERED_TO_HANDSET"]
    with pytest.raises(UnauthorizedException):
        await asyncio.to_thread(_with_the_sdk, rig, "wrong")


def test_the_fake_reports_as_infobip_s_own_sdk_expects() -> None:
    for callback in Infobip().callbacks("r1"):
        [found] = SmsDeliveryResult.from_json(callback.body.decode()).results
        assert found.message_id == "r1"


async def test_the_driver_s_request_is_one_that_the_sdk_can_read(rig: Infobip) -> None:
    message = a_message("Größe ☺ €").model_copy(update={"not_after": datetime.now(UTC) + timedelta(hours=1)})
    await rig.provider(ProviderClass.IDEMPOTENT).send(message, "r1")
    [sent] = rig.requests
    read = infobip_api_client.SmsRequest.from_dict({"messages": [{k: v for k, v in sent.items() if k != "to"}]})
    assert read.messages[0].destinations[0].message_id == "r1"
    assert read.messages[0].options.validity_period.time_unit == "SECONDS"

"""Intelecom's driver keeps the contract against a fake that is built from the vendor's own samples."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.answer import Outcome, ProviderClass
from engine.channels.providers.intelecom import validity
from engine.notification import Lane
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import TOKEN
from tests.servers.vendors.intelecom import Intelecom, report


@pytest.fixture
async def rig() -> AsyncIterator[Intelecom]:
    made = Intelecom()
    await made.start()
    yield made
    await made.stop()


class TestIntelecom(VendorContract):
    """Every promise of the contract, for an opaque vendor."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.OPAQUE,)
    refusals: ClassVar[dict[str, Reason]] = {
        "auth": Reason.PROVIDER_AUTH,
        "service": Reason.PROVIDER_AUTH,
        "refused": Reason.PROVIDER_REFUSED,
    }


def provider(rig: Intelecom, **settings: Any) -> Any:
    return rig.provider(ProviderClass.OPAQUE, **settings)


async def test_a_message_leaves_as_the_vendor_s_manual_asks_for_it(rig: Intelecom) -> None:
    message = a_message("é ☺").model_copy(update={"not_after": datetime.now(UTC) + timedelta(minutes=61)})
    await provider(rig, sender="Tocsin", priority="3").send(message, "r1")
    await provider(rig, sender="1960", reports="false", priority="service").send(a_message("x"), "r2")
    first, second = rig.requests
    assert first == {
        "recipient": NUMBER,
        "content": "é ☺",
        "price": 0,
        "clientReference": "r1",
        "settings": {
            "autoDetectEncoding": True,
            "priority": 3,
            "originatorSettings": {"originatorType": "ALPHANUMERIC", "originator": "Tocsin"},
            "validity": 11,
        },
    }
    assert second["settings"] == {
        "autoDetectEncoding": True,
        "originatorSettings": {"originatorType": "NETWORK", "originator": "1960"},
        "parameter": [{"key": "skip_customer_report_delivery", "value": "true"}],
    }


@pytest.mark.parametrize(("lane", "priority"), [(Lane.URGENT, 3), (Lane.NORMAL, 2), (Lane.BULK, 1)])
async def test_the_lane_of_a_message_is_its_priority(rig: Intelecom, lane: Lane, priority: int) -> None:
    await provider(rig).send(a_message().model_copy(update={"lane": lane}), "r1")
    assert rig.requests[0]["settings"]["priority"] == priority


@pytest.mark.parametrize(
    ("word", "outcome"), [("quota", Outcome.ACCEPTED), ("internal", Outcome.UNKNOWN), ("twice", Outcome.UNKNOWN)]
)
async def test_what_leaves_open_whether_it_was_taken_is_unknown(rig: Intelecom, word: str, outcome: Outcome) -> None:
    await rig.behave("refuse", reason=word)
    assert (await send(provider(rig))).outcome is outcome


@pytest.mark.parametrize(
    ("code", "fate", "reason"),
    [
        (0, Fate.DELIVERED, Reason.DELIVERED),
        (390, Fate.DELIVERED, Reason.DELIVERED),
        (351, Fate.UNDELIVERED, Reason.BAD_NUMBER),
        (364, Fate.UNDELIVERED, Reason.PHONE_OFF),
        (386, Fate.UNDELIVERED, Reason.UNDELIVERED),
        (655, Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_each_code_has_one_fate(rig: Intelecom, code: int, fate: Fate, reason: Reason) -> None:
    body = json.dumps({"dr": [report(code)]}).encode()
    [found] = provider(rig).read_callback({}, {"token": TOKEN}, body)
    assert (found.client_ref, found.provider_ref, found.fate, found.reason) == ("r1", "6y034000cy00", fate, reason)
    assert NUMBER[1:] not in found.detail


def _means(code: int) -> timedelta:
    """What the network makes of a validity period: 3GPP TS 23.040, the table of 9.2.3.12.1."""
    if code <= 143:
        return timedelta(minutes=(code + 1) * 5)
    if code <= 167:
        return timedelta(hours=12) + timedelta(minutes=(code - 143) * 30)
    return timedelta(days=code - 166) if code <= 196 else timedelta(weeks=code - 192)


@given(st.integers(1, 70 * 7 * 24 * 60))
def test_no_message_lives_longer_than_it_may_but_for_the_least_the_network_knows(minutes: int) -> None:
    left = timedelta(minutes=minutes)
    meant = _means(validity(left))
    assert meant <= max(left, timedelta(minutes=5))
    # and not much shorter: the next code would be too long
    code = validity(left)
    assert code == 255 or _means(code + 1) > left

"""LINK Mobility's driver keeps the contract against a fake that is built from the vendor's manual."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from engine.answer import Outcome, ProviderClass
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import TOKEN, say
from tests.servers.vendors.link import Link, report


@pytest.fixture
async def rig() -> AsyncIterator[Link]:
    made = Link()
    await made.start()
    yield made
    await made.stop()


class TestLink(VendorContract):
    """Every promise of the contract, for an opaque vendor whose alphabet ends at U+FFFF."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.OPAQUE,)
    refusals: ClassVar[dict[str, Reason]] = {
        "auth": Reason.PROVIDER_AUTH,
        "bad_number": Reason.BAD_NUMBER,
        "refused": Reason.PROVIDER_REFUSED,
    }


def provider(rig: Link, **settings: Any) -> Any:
    return rig.provider(ProviderClass.OPAQUE, **settings)


async def test_a_message_leaves_as_the_vendor_s_manual_asks_for_it(rig: Link) -> None:
    message = a_message("é ☺").model_copy(update={"not_after": datetime.now(UTC) + timedelta(minutes=30)})
    await provider(rig).send(message, "r1")
    await provider(rig, gate="", sender="+4790000001").send(a_message("x"), "r2")
    first, second = rig.requests
    assert 1_700_000 < first.pop("relativeValidityTime") <= 1_800_000
    assert first == {
        "source": "Tocsin",
        "sourceTON": "ALPHANUMERIC",
        "destination": NUMBER,
        "userData": "é ☺",
        "platformId": "COMMON_API",
        "platformPartnerId": "42",
        "refId": "r1",
        "useDeliveryReport": True,
        "deliveryReportGates": ["gate1"],
    }
    assert (second["sourceTON"], second["useDeliveryReport"]) == ("MSISDN", False)
    assert "deliveryReportGates" not in second


@pytest.mark.parametrize("text", ["👍", "family 👨‍👩‍👧", "𝒳"])
async def test_what_its_alphabet_lacks_is_refused_before_anything_leaves(rig: Link, text: str) -> None:
    answer = await provider(rig).send(a_message(text), "r1")
    assert (answer.outcome, answer.reason, rig.asked) == (Outcome.REFUSED, Reason.UNFIT, 0)
    assert answer.detail.startswith("not sent: it carries no U+1")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(1005, Outcome.ACCEPTED), (1006, Outcome.UNKNOWN), (0, Outcome.UNKNOWN), (4001, Outcome.REFUSED)],
)
async def test_each_result_has_one_meaning(rig: Link, code: int, outcome: Outcome) -> None:
    body = say(200, {"messageId": "D1", "resultCode": code, "description": "…"}).body
    await rig.behave("say", status=200, body=body)
    assert (await send(provider(rig))).outcome is outcome


@pytest.mark.parametrize(
    ("code", "fate", "reason"),
    [
        (1001, Fate.DELIVERED, Reason.DELIVERED),
        (1007, Fate.DELIVERED, Reason.DELIVERED),
        (1000, Fate.SENT, Reason.ACCEPTED),
        (1012, Fate.SENT, Reason.ACCEPTED),
        (1002, Fate.UNDELIVERED, Reason.PHONE_OFF),
        (1004, Fate.UNDELIVERED, Reason.PHONE_FULL),
        (1006, Fate.UNDELIVERED, Reason.UNDELIVERED),
        (2104, Fate.UNDELIVERED, Reason.BAD_NUMBER),
        (2201, Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
        (4001, Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    ],
)
async def test_each_code_has_one_fate(rig: Link, code: int, fate: Fate, reason: Reason) -> None:
    for part in ("", "$1"):
        [found] = provider(rig).read_callback({}, {"token": TOKEN}, report(code, part=part))
        assert (found.client_ref, found.fate, found.reason) == ("r1", fate, reason)
        assert found.provider_ref == "Dcshuhod0PMAAAFQ+/PbnR3x"

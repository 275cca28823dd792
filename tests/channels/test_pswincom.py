"""PSWinCom's driver keeps the contract against a fake that is built from the vendor's own samples."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from engine.answer import Outcome, ProviderClass
from engine.channels.flat_xml import read_flat
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import TOKEN
from tests.servers.vendors.pswincom import SAMPLE, Pswincom, report


@pytest.fixture
async def rig() -> AsyncIterator[Pswincom]:
    made = Pswincom()
    await made.start()
    yield made
    await made.stop()


class TestPswincom(VendorContract):
    """Every promise of the contract, for an opaque vendor that speaks XML."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.OPAQUE,)
    refusals: ClassVar[dict[str, Reason]] = {"auth": Reason.PROVIDER_AUTH, "refused": Reason.PROVIDER_REFUSED}


def provider(rig: Pswincom, **settings: Any) -> Any:
    return rig.provider(ProviderClass.OPAQUE, **settings)


async def test_a_message_leaves_as_the_vendor_s_manual_asks_for_it(rig: Pswincom) -> None:
    message = a_message('a < b & "c" ]]> é €Ω\nx').model_copy(
        update={"not_after": datetime.now(UTC) + timedelta(minutes=30)}
    )
    await provider(rig).send(message, "r1")
    [sent] = rig.requests
    assert sent.pop("TTL") in ("29", "30")
    assert sent == {"ID": "1", "TEXT": message.text, "SND": "Tocsin", "RCV": NUMBER[1:], "RCPREQ": "Y"}
    assert rig.taken() == ["r1"]


async def test_what_the_7_bit_alphabet_lacks_leaves_as_ucs_2_in_hexadecimal(rig: Pswincom) -> None:
    await provider(rig, sender="", reports="false").send(a_message("☺ 👍"), "r1")
    assert rig.requests == [{"ID": "1", "OP": "9", "TEXT": "263A0020D83DDC4D", "RCV": NUMBER[1:]}]


async def test_the_second_address_is_tried_only_when_the_first_cannot_be_reached(rig: Pswincom) -> None:
    url = rig.listener.url
    made = provider(rig, url="http://127.0.0.1:9", second_url=url)
    assert (await send(made)).outcome is Outcome.ACCEPTED
    await rig.behave("drop_after")
    assert (await send(provider(rig, second_url=url), "r2")).outcome is Outcome.UNKNOWN
    assert rig.taken() == ["r1", "r2"]


async def test_a_text_that_the_gateway_would_cut_off_is_refused(rig: Pswincom) -> None:
    assert (await provider(rig).send(a_message("x" * 2142), "r1")).outcome is Outcome.ACCEPTED
    assert (await provider(rig).send(a_message("x" * 2143), "r2")).reason is Reason.TOO_LONG


@pytest.mark.parametrize(
    ("state", "fate", "reason"),
    [
        ("DELIVRD", Fate.DELIVERED, Reason.DELIVERED),
        ("EXPIRED", Fate.UNDELIVERED, Reason.PHONE_OFF),
        ("UNDELIV", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("REJECTD", Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
        ("BARRED", Fate.UNDELIVERED, Reason.BARRED),
        ("UNKNOWN", Fate.SENT, Reason.ACCEPTED),
        ("NULL", Fate.SENT, Reason.ACCEPTED),
    ],
)
async def test_each_state_has_one_fate(rig: Pswincom, state: str, fate: Fate, reason: Reason) -> None:
    [found] = provider(rig).read_callback({}, {"token": TOKEN}, report(state))
    assert (found.provider_ref, found.fate, found.reason) == ("V00000001", fate, reason)


async def test_the_vendor_is_thanked_as_it_asks_for(rig: Pswincom) -> None:
    [row] = read_flat(provider(rig).thank(SAMPLE).encode(), "MSG").rows
    assert row == {"ID": "1", "STATUS": "OK"}


async def test_without_a_token_no_report_is_believed(rig: Pswincom) -> None:
    made = provider(rig, reports_token=None)
    for query in ({}, {"token": ""}, {"token": TOKEN}):
        with pytest.raises(PermissionError):
            made.read_callback({}, query, SAMPLE)


async def test_a_document_that_declares_words_of_its_own_is_not_read(rig: Pswincom) -> None:
    body = report("DELIVRD").replace(b"<MSGLST>", b'<!DOCTYPE MSGLST [<!ENTITY a "1">]><MSGLST>', 1)
    assert read_flat(report("DELIVRD"), "MSG").rows
    with pytest.raises(ValueError, match="declarations"):
        provider(rig).read_callback({}, {"token": TOKEN}, body)

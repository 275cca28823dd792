"""What phones send us is read, handed over, part by part where it comes so, and only then acknowledged."""

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channels.providers.smpp.encoding import Charset
from engine.channels.providers.smpp.inbound import read
from engine.channels.providers.smpp.pdu import PduError
from engine.channels.providers.smpp.short_message import UDHI, Address, ShortMessage
from engine.channels.providers.smpp.tlv import Tag
from engine.coding import Coding
from engine.heard import Heard
from engine.part import Part
from tests.builders import NOW
from tests.channels.smpp.rig import SmppRig, joined, until

PHONE, US = "32470000001", "1234"


def a_message(data: bytes, header: bytes = b"", **how: Any) -> ShortMessage:
    body = bytes([len(header)]) + header + data if header else data
    return ShortMessage(Address(PHONE), Address(US), body, UDHI if header else 0, **how)


def header8(place: int, total: int = 3, reference: int = 7) -> bytes:
    return bytes([0, 3, reference, total, place])


def sar(place: int, total: int = 3) -> dict[int, bytes]:
    return {
        Tag.SAR_MSG_REF_NUM: b"\0\7",
        Tag.SAR_TOTAL_SEGMENTS: bytes([total]),
        Tag.SAR_SEGMENT_SEQNUM: bytes([place]),
    }


@pytest.mark.parametrize(
    ("message", "reference"),
    [
        (a_message(b"A", header8(2)), 7),
        (a_message(b"A", bytes([8, 4, 1, 7, 3, 2])), 0x107),
        (a_message(b"A", b"\x05\x04\x0b\x84\x23\xf0" + header8(2)), 7),
        (a_message(b"A", parameters=sar(2)), 7),
    ],
    ids=["udh8", "udh16", "after a port", "sar"],
)
def test_a_part_is_read_whichever_way_the_text_was_cut(message: ShortMessage, reference: int) -> None:
    assert read("centre", message, Charset.GSM7, NOW) == Part(
        provider="centre",
        sender=f"+{PHONE}",
        recipient=US,
        reference=reference,
        total=3,
        number=2,
        body=b"A",
        coding=Coding.GSM7,
        at=NOW,
    )


@pytest.mark.parametrize(
    "message",
    [a_message(b"A"), a_message(b"A", header8(1, 1)), a_message(b"A", parameters=sar(1, 1))],
    ids=["plain", "one of one", "one segment"],
)
def test_a_text_in_one_part_is_whole(message: ShortMessage) -> None:
    found = Heard(provider="centre", sender=f"+{PHONE}", recipient=US, text="A", at=NOW)
    assert read("centre", message, Charset.GSM7, NOW) == found


@pytest.mark.parametrize(
    "header",
    [bytes([0, 3, 7, 3, 0]), bytes([0, 3, 7, 3, 4]), bytes([0, 3, 7, 0, 1]), bytes([0, 9, 7]), b"\0"],
    ids=["part 0", "part 4 of 3", "of none", "cut off", "half"],
)
def test_a_header_without_sense_is_an_error(header: bytes) -> None:
    with pytest.raises(PduError):
        read("centre", a_message(b"x", header), Charset.GSM7, NOW)


@given(st.binary(max_size=60), st.integers(0, 255), st.dictionaries(st.sampled_from(Tag), st.binary(max_size=4)))
def test_any_bytes_are_a_text_a_part_or_a_clear_error(data: bytes, esm: int, parameters: dict[int, bytes]) -> None:
    message = ShortMessage(Address(PHONE), Address(US), data, esm, parameters=parameters)
    try:
        found = read("centre", message, Charset.GSM7, NOW)
    except ValueError:
        return
    assert isinstance(found, Heard | Part)


# ---- over the link


async def test_a_reply_is_handed_over_and_then_acknowledged(rig: SmppRig) -> None:
    heard: list[Heard | Part] = []
    broken = True

    async def hear(texts: Sequence[Heard | Part]) -> None:
        if broken:
            raise OSError("the store is away")
        heard.extend(texts)

    await rig.listening(hear)
    await until(lambda: rig.smsc.binds)
    part = [bytes([5, 0, 3, 7, 2, place]) + bytes([64 + place]) for place in (1, 2)]
    rig.smsc.deliver(PHONE, US, part[0], esm=UDHI)
    await until(lambda: rig.smsc.acknowledged == [0x64])
    broken = False
    for each in part:
        rig.smsc.deliver(PHONE, US, each, esm=UDHI)
    rig.smsc.deliver(PHONE, US, "Ж".encode("utf-16-be"), coding=8)
    await until(lambda: rig.smsc.acknowledged == [0x64, 0, 0, 0])
    assert sorted(joined(heard)) == ["AB", "Ж"]
    assert {(each.sender, each.recipient) for each in heard} == {("+" + PHONE, US)}


async def test_where_nobody_reads_replies_the_sms_centre_is_told_so(rig: SmppRig) -> None:
    await rig.listening()
    await until(lambda: rig.smsc.binds)
    rig.smsc.deliver(PHONE, US, b"hello")
    await until(lambda: rig.smsc.acknowledged == [0x66])


async def test_a_text_that_comes_as_data_sm_is_heard_too(rig: SmppRig) -> None:
    heard: list[Heard | Part] = []

    async def hear(texts: Sequence[Heard | Part]) -> None:
        heard.extend(texts)

    await rig.listening(hear)
    await until(lambda: rig.smsc.binds)
    for place in (2, 1):
        rig.smsc.deliver_data(PHONE, US, bytes([5, 0, 3, 7, 2, place]) + bytes([64 + place]), esm=UDHI)
    await until(lambda: rig.smsc.acknowledged == [0, 0])
    assert joined(heard) == ["AB"]


async def test_a_data_sm_that_is_cut_off_is_refused_and_the_link_stays(rig: SmppRig) -> None:
    await rig.listening()
    await until(lambda: rig.smsc.binds)
    rig.smsc.send(0x103, b"\0\x01\x01" + PHONE.encode())
    await until(lambda: rig.smsc.acknowledged == [0x01])
    assert len(rig.smsc.binds) == 1


@pytest.mark.parametrize(
    ("data", "esm", "tlvs"),
    [
        (b"id:7 stat:MAYBE", 4, b""),
        (b"", 4, b""),
        (b"hello", 0, b"\x04\x24\xff"),
        (b"\x09\x00", UDHI, b""),
        (b"", 0, struct.pack(">HH", 0x1E, 70) + b"7" * 70),
    ],
    ids=["no state", "empty", "parameter cut off", "header cut off", "long id"],
)
async def test_a_forged_or_broken_delivery_is_refused_and_the_link_stays(
    rig: SmppRig, data: bytes, esm: int, tlvs: bytes
) -> None:
    async def hear(heard: Sequence[Heard | Part]) -> None:
        raise AssertionError

    await rig.listening(hear)
    await until(lambda: rig.smsc.binds)
    rig.smsc.deliver(PHONE, US, data, esm=esm, tlvs=tlvs)
    await until(lambda: rig.smsc.acknowledged == [0x01])
    assert rig.reports == []
    assert len(rig.smsc.binds) == 1

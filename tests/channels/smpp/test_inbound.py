"""What phones send us is put together, handed over, and only then acknowledged."""

import struct
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channels.providers.smpp.inbound import MOST_OPEN, PATIENCE, Assembly, Inbound
from engine.channels.providers.smpp.pdu import PduError
from engine.channels.providers.smpp.short_message import UDHI, Address, ShortMessage
from engine.channels.providers.smpp.tlv import Tag
from engine.heard import Heard
from tests.builders import NOW
from tests.channels.smpp.rig import SmppRig, until

PHONE, US = "32470000001", "1234"


def a_part(data: bytes, header: bytes = b"", sender: str = PHONE, **how: Any) -> ShortMessage:
    body = bytes([len(header)]) + header + data if header else data
    return ShortMessage(Address(sender), Address(US), body, UDHI if header else 0, **how)


def header8(place: int, total: int = 3, reference: int = 7) -> bytes:
    return bytes([0, 3, reference, total, place])


def sar(place: int) -> dict[int, bytes]:
    return {
        Tag.SAR_MSG_REF_NUM: b"\0\7",
        Tag.SAR_TOTAL_SEGMENTS: b"\3",
        Tag.SAR_SEGMENT_SEQNUM: bytes([place]),
    }


_CUTS = {
    "udh8": [a_part(bytes([64 + n]), header8(n)) for n in (1, 2, 3)],
    "udh16": [a_part(bytes([64 + n]), bytes([8, 4, 1, 7, 3, n])) for n in (1, 2, 3)],
    "after a port": [a_part(bytes([64 + n]), b"\x05\x04\x0b\x84\x23\xf0" + header8(n)) for n in (1, 2, 3)],
    "sar": [a_part(bytes([64 + n]), parameters=sar(n)) for n in (1, 2, 3)],
}


@pytest.mark.parametrize("how", _CUTS)
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_parts_in_any_order_become_one_text(how: str, order: tuple[int, ...]) -> None:
    assembly = Assembly()
    *before, whole = [assembly.add(_CUTS[how][n], NOW) for n in order]
    assert before == [None, None]
    assert whole == Inbound(f"+{PHONE}", US, "ABC", NOW)


def test_a_part_that_comes_again_changes_nothing_and_one_that_could_not_be_kept_completes_again() -> None:
    assembly = Assembly()
    first, second, third = _CUTS["udh8"]
    assert [assembly.add(each, NOW) for each in (first, first, second)] == [None] * 3
    whole = assembly.add(third, NOW)
    assert assembly.add(third, NOW) == whole
    # The reference comes round: a new message begins.
    assert [assembly.add(a_part(b"x", header8(n)), NOW) for n in (1, 2)] == [None, None]
    found = assembly.add(a_part(b"x", header8(3)), NOW)
    assert found is not None
    assert found.text == "xxx"


def test_phones_with_the_same_reference_do_not_mix() -> None:
    assembly = Assembly()
    assert assembly.add(a_part(b"a", header8(1, 2)), NOW) is None
    assert assembly.add(a_part(b"b", header8(2, 2), sender="32470000002"), NOW) is None


def test_a_character_that_was_cut_in_two_is_put_together() -> None:
    data = "☺👍".encode("utf-16-be")
    assembly = Assembly()
    assembly.add(a_part(data[:3], header8(1, 2), data_coding=8), NOW)
    whole = assembly.add(a_part(data[3:], header8(2, 2), data_coding=8), NOW)
    assert whole is not None
    assert whole.text == "☺👍"


def test_what_never_becomes_whole_is_forgotten() -> None:
    assembly = Assembly()
    for n in range(MOST_OPEN * 2):
        assembly.add(a_part(b"x", header8(1), sender=str(n)), NOW)
    assert len(assembly._open) <= MOST_OPEN + 1
    assembly.add(a_part(b"x", header8(1)), NOW + PATIENCE + timedelta(seconds=1))
    assert len(assembly._open) == 1


@pytest.mark.parametrize(
    "header",
    [bytes([0, 3, 7, 3, 0]), bytes([0, 3, 7, 3, 4]), bytes([0, 3, 7, 0, 1]), bytes([0, 9, 7]), b"\0"],
    ids=["part 0", "part 4 of 3", "of none", "cut off", "half"],
)
def test_a_header_without_sense_is_an_error(header: bytes) -> None:
    with pytest.raises(PduError):
        Assembly().add(a_part(b"x", header), NOW)


@given(st.binary(max_size=60), st.integers(0, 255), st.dictionaries(st.sampled_from(Tag), st.binary(max_size=4)))
def test_any_bytes_are_a_text_a_part_or_a_clear_error(data: bytes, esm: int, parameters: dict[int, bytes]) -> None:
    message = ShortMessage(Address(PHONE), Address(US), data, esm, parameters=parameters)
    try:
        found = Assembly().add(message, NOW)
    except PduError:
        return
    assert found is None or isinstance(found.text, str)


# ---- over the link


async def test_a_reply_is_handed_over_and_then_acknowledged(rig: SmppRig) -> None:
    heard: list[Heard] = []
    broken = True

    async def hear(texts: Sequence[Heard]) -> None:
        if broken:
            raise OSError("the store is away")
        heard.extend(texts)

    await rig.listening(hear)
    await until(lambda: rig.smsc.binds)
    part = [bytes([5, 0, 3, 7, 2, place]) + bytes([64 + place]) for place in (1, 2)]
    rig.smsc.deliver(PHONE, US, part[0], esm=UDHI)
    rig.smsc.deliver(PHONE, US, part[1], esm=UDHI)
    await until(lambda: rig.smsc.acknowledged == [0, 0x64])
    broken = False
    rig.smsc.deliver(PHONE, US, part[1], esm=UDHI)
    rig.smsc.deliver(PHONE, US, "Ж".encode("utf-16-be"), coding=8)
    await until(lambda: rig.smsc.acknowledged == [0, 0x64, 0, 0])
    assert [(each.sender, each.recipient, each.text) for each in heard] == [
        ("+" + PHONE, US, "AB"),
        ("+" + PHONE, US, "Ж"),
    ]


async def test_where_nobody_reads_replies_the_sms_centre_is_told_so(rig: SmppRig) -> None:
    await rig.listening()
    await until(lambda: rig.smsc.binds)
    rig.smsc.deliver(PHONE, US, b"hello")
    await until(lambda: rig.smsc.acknowledged == [0x66])


async def test_a_text_that_comes_as_data_sm_is_heard_too(rig: SmppRig) -> None:
    heard: list[Heard] = []

    async def hear(texts: Sequence[Heard]) -> None:
        heard.extend(texts)

    await rig.listening(hear)
    await until(lambda: rig.smsc.binds)
    for place in (2, 1):
        rig.smsc.deliver_data(PHONE, US, bytes([5, 0, 3, 7, 2, place]) + bytes([64 + place]), esm=UDHI)
    await until(lambda: rig.smsc.acknowledged == [0, 0])
    assert [(each.sender, each.recipient, each.text) for each in heard] == [("+" + PHONE, US, "AB")]


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
    async def hear(heard: Sequence[Heard]) -> None:
        raise AssertionError

    await rig.listening(hear)
    await until(lambda: rig.smsc.binds)
    rig.smsc.deliver(PHONE, US, data, esm=esm, tlvs=tlvs)
    await until(lambda: rig.smsc.acknowledged == [0x01])
    assert rig.reports == []
    assert len(rig.smsc.binds) == 1

"""Units, bodies and parameters: there and back, as others write and read them, and whatever bytes come."""

import contextlib
import struct
from typing import Any

import pytest
from aiosmpplib.codec import find_codec_info
from hypothesis import given
from hypothesis import strategies as st
from smpplib import consts, smpp

from engine.channels.providers.smpp import short_message, tlv
from engine.channels.providers.smpp.pdu import (
    MOST_BYTES,
    Command,
    Pdu,
    PduError,
    Splitter,
    bind,
    c_string,
    encode,
    read_id,
)
from engine.channels.providers.smpp.short_message import MOST_SHORT, Address, ShortMessage
from engine.channels.providers.smpp.tlv import Tag
from engine.coding import TO_GSM

_NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=15)
_ADDRESSES = st.builds(Address, _NAMES, st.integers(0, 6), st.integers(0, 18))
_BYTE = st.integers(0, 255)
_PARAMETERS = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=4)
_BODIES = st.builds(
    ShortMessage,
    source=_ADDRESSES,
    destination=_ADDRESSES,
    data=st.binary(max_size=MOST_SHORT),
    esm_class=_BYTE,
    data_coding=_BYTE,
    registered=_BYTE,
    validity=st.sampled_from(["", "261122040000000+"]),
    service_type=st.sampled_from(["", "CMT"]),
    parameters=_PARAMETERS,
)


@given(st.lists(st.builds(Pdu, _BYTE, _BYTE, st.integers(1, 0x7FFFFFFF), st.binary(max_size=60))), st.data())
def test_units_come_whole_however_the_network_cut_them(units: list[Pdu], data: Any) -> None:
    stream = b"".join(map(encode, units))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    splitter = Splitter()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += splitter.feed(stream[start:end])
    assert found == units


@pytest.mark.parametrize("length", [0, 15, MOST_BYTES + 1, 0xFFFFFFFF])
def test_a_length_that_is_none_is_an_error_at_once_and_nothing_is_gathered(length: int) -> None:
    splitter = Splitter()
    good = Pdu(Command.ENQUIRE_LINK, 0, 1)
    feeding = splitter.feed(encode(good) + struct.pack(">IIII", length, 5, 0, 1))
    assert next(feeding) == good
    with pytest.raises(PduError):
        next(feeding)


@given(_BODIES)
def test_a_body_is_read_as_it_was_written(body: ShortMessage) -> None:
    assert short_message.decode(short_message.encode(body)) == body


@given(st.binary(max_size=400))
def test_bytes_are_a_body_or_a_clear_error(data: bytes) -> None:
    for read in (short_message.decode, tlv.decode, read_id):
        with contextlib.suppress(PduError):
            read(data)


@given(_BODIES, st.data())
def test_a_body_that_is_cut_off_is_an_error_or_ends_between_parameters(body: ShortMessage, data: Any) -> None:
    whole = short_message.encode(body)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = short_message.decode(cut)
    except PduError:
        return
    assert short_message.encode(found) == cut


def test_what_c_strings_cannot_carry_is_an_error() -> None:
    for text in ("a\0b", "€"):
        with pytest.raises(PduError):
            c_string(text)
    with pytest.raises(PduError):
        short_message.encode(ShortMessage(Address(""), Address(""), b"x" * 255))


# ---- as others write and read


class _Counter:
    sequence = 7

    def next_sequence(self) -> int:
        return self.sequence


@given(
    st.binary(min_size=1, max_size=MOST_SHORT),
    st.sampled_from([0, 0x40]),
    st.sampled_from([0, 3, 8]),
    st.integers(0, 1),
)
def test_smpplib_reads_our_submit_sm(data: bytes, esm: int, coding: int, registered: int) -> None:
    ours = ShortMessage(Address("Tocsin", 5, 0), Address("32470000001"), data, esm, coding, registered)
    theirs = smpp.parse_pdu(encode(Pdu(Command.SUBMIT_SM, 0, 7, short_message.encode(ours))), client=_Counter())
    assert (theirs.command, theirs.sequence) == ("submit_sm", 7)
    assert (theirs.source_addr, theirs.source_addr_ton, theirs.source_addr_npi) == (b"Tocsin", 5, 0)
    assert (theirs.destination_addr, theirs.dest_addr_ton, theirs.dest_addr_npi) == (b"32470000001", 1, 1)
    assert (theirs.short_message, theirs.esm_class, theirs.data_coding) == (data, esm, coding)
    assert theirs.registered_delivery == registered


@given(st.binary(min_size=1, max_size=MOST_SHORT), st.sampled_from([0, 4]))
def test_we_read_the_deliver_sm_of_smpplib(data: bytes, esm: int) -> None:
    made = smpp.make_pdu(
        "deliver_sm",
        client=_Counter(),
        source_addr_ton=consts.SMPP_TON_INTL,
        source_addr_npi=1,
        source_addr="32470000001",
        dest_addr_ton=0,
        dest_addr_npi=0,
        destination_addr="1234",
        esm_class=esm,
        data_coding=8,
        short_message=data,
        message_state=2,
    )
    [unit] = Splitter().feed(made.generate())
    assert unit.command == Command.DELIVER_SM
    found = short_message.decode(unit.body)
    assert (found.source, found.destination) == (Address("32470000001"), Address("1234", 0, 0))
    assert (found.data, found.esm_class, found.data_coding) == (data, esm, 8)
    assert found.parameters[Tag.MESSAGE_STATE] == b"\x02"


def test_smpplib_reads_our_bind() -> None:
    body = bind("tocsin", "secret", "VMA")
    theirs = smpp.parse_pdu(encode(Pdu(Command.BIND_TRANSCEIVER, 0, 7, body)), client=_Counter())
    assert theirs.command == "bind_transceiver"
    assert (theirs.system_id, theirs.password, theirs.system_type) == (b"tocsin", b"secret", b"VMA")
    assert theirs.interface_version == 0x34


def test_the_gsm_alphabet_is_that_of_aiosmpplib() -> None:
    theirs = find_codec_info("gsm0338")
    assert {character: theirs.encode(character)[0] for character in TO_GSM} == TO_GSM

"""The parts that go on the air are those that were charged, and a phone reads the text from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channels.providers.smpp.encoding import (
    DEFAULT,
    LATIN1,
    UCS2,
    Charset,
    UnfitError,
    coding_of,
    encode_gsm,
)
from engine.channels.providers.smpp.inbound import read
from engine.channels.providers.smpp.short_message import MOST_SHORT, Address, ShortMessage, encode
from engine.channels.providers.smpp.split import Segmentation, data_coding, split
from engine.coding import decode, decode_gsm
from engine.segments import Alphabet, count
from tests.builders import NOW
from tests.channels.smpp.rig import joined

_GSM = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./059:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€\f"
_TEXTS = st.one_of(
    st.text(_GSM, max_size=500),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300),
    st.builds(lambda n, tail: "x" * n + tail, st.sampled_from([152, 153, 159, 160, 304, 306, 458]), st.text("€x☺👍")),
)


@given(_TEXTS, st.sampled_from(Segmentation), st.integers(0, 0x1FFFF))
def test_as_many_parts_as_were_charged_carry_the_whole_text(text: str, how: Segmentation, reference: int) -> None:
    parts = split(text, how, reference)
    charged = count(text).parts
    assert len(parts) == (1 if how is Segmentation.PAYLOAD else charged)
    bodies = [
        ShortMessage(
            Address("1"), Address("2"), part.data, part.esm_class, data_coding(text, 0), parameters=part.parameters
        )
        for part in reversed(parts)
    ]
    assert all(encode(each) for each in bodies)
    assert joined([read("centre", each, Charset.GSM7, NOW) for each in bodies]) == [text]


@given(_TEXTS, st.sampled_from([Segmentation.UDH, Segmentation.UDH16]))
def test_no_part_is_longer_than_the_network_carries(text: str, how: Segmentation) -> None:
    for part in split(text, how, 1):
        header = part.data[0] + 1 if part.esm_class else 0
        size = len(part.data) - header
        bits = size * (7 if count(text).alphabet is Alphabet.GSM7 else 8)
        assert header * 8 + bits + (-header * 8 % 7 if bits == size * 7 else 0) <= 140 * 8
        assert len(part.data) <= MOST_SHORT


@pytest.mark.parametrize(
    ("size", "header"),
    [(200, 7), (304, 7), (305, 6), (306, 6), (307, 7)],
    ids=["room", "just", "over", "full", "a part more anyway"],
)
def test_a_two_byte_reference_is_taken_where_it_costs_no_part(size: int, header: int) -> None:
    parts = split("x" * size, Segmentation.UDH16, 0x1234)
    assert {part.data[0] + 1 for part in parts} == {header}
    assert len(parts) == count("x" * size).parts


def test_latin1_carries_what_it_has_and_says_what_it_lacks() -> None:
    [part] = split("Größe {3}", Segmentation.UDH, 1, Charset.LATIN1)
    assert part.data == "Größe {3}".encode("latin-1")
    with pytest.raises(UnfitError, match=r"U\+20AC"):
        split("€5", Segmentation.UDH, 1, Charset.LATIN1)
    assert split("☺", Segmentation.UDH, 1, Charset.LATIN1)[0].data == "☺".encode("utf-16-be")
    assert (data_coding("x", LATIN1), data_coding("☺", LATIN1)) == (LATIN1, UCS2)


@given(st.text(_GSM))
def test_gsm_there_and_back(text: str) -> None:
    assert decode_gsm(encode_gsm(text)) == text


@given(st.binary(max_size=300), st.integers(0, 255), st.sampled_from(Charset))
def test_any_bytes_in_any_coding_are_some_text(data: bytes, coding: int, charset: Charset) -> None:
    assert isinstance(decode(data, coding_of(coding, charset)), str)


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"\x1b\x65", "€"), (b"\x1b", ""), (b"\x1bA", "A"), (b"a\xffb", "a\ufffdb"), (b"\x1b\x1b\x1b\x65", "\ufffd€")],
    ids=["escape", "escape at the end", "escape to nowhere", "no septet", "two escapes"],
)
def test_odd_gsm_is_read_as_a_phone_would(data: bytes, text: str) -> None:
    assert decode(data, coding_of(DEFAULT)) == text

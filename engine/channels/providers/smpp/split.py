"""A text as the parts that go on the air: exactly as many as were charged (engine/segments.py)."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from engine import segments
from engine.channels.providers.smpp.encoding import UCS2, Charset, encode
from engine.channels.providers.smpp.short_message import UDHI
from engine.channels.providers.smpp.tlv import Tag
from engine.segments import Alphabet

#: The number of a part is one byte.
MOST_PARTS = 255
#: Bytes of a user data header with a reference of two bytes (3GPP TS 23.040 9.2.3.24.8).
_LONG_HEADER = segments.HEADER + 1


class Segmentation(StrEnum):
    """How the parts of a long text are joined again."""

    UDH = "udh"
    """A header with a one-byte reference, which every phone and SMS centre knows."""
    UDH16 = "udh16"
    """A header with a two-byte reference. It is a byte longer: where that would cost a part more, `udh` is taken."""
    SAR = "sar"
    """Optional parameters; the SMS centre writes the header."""
    PAYLOAD = "payload"
    """One unit for the whole text (message_payload); the SMS centre cuts it. Taken or refused as a whole."""


class Part(NamedTuple):
    """What differs between the units of one message."""

    data: bytes
    esm_class: int = 0
    parameters: Mapping[int, bytes] = {}


def split(text: str, how: Segmentation, reference: int, charset: Charset = Charset.GSM7) -> list[Part]:
    """The parts of `text` under a reference that no other message to the same phone should have now.

    It has at most `MOST_PARTS` parts. Raises UnfitError when the charset lacks one of its characters.
    """
    counted = segments.count(text)

    def encoded(pieces: Iterable[str]) -> list[bytes]:
        return [encode(piece, counted.alphabet, charset) for piece in pieces]

    if counted.parts == 1:
        return [Part(each) for each in encoded([text])]
    if how is Segmentation.PAYLOAD:
        return [Part(b"", parameters={Tag.MESSAGE_PAYLOAD: each}) for each in encoded([text])]
    if how is Segmentation.SAR:
        return list(_with_parameters(encoded(segments.split(text)), reference))
    if how is Segmentation.UDH16:
        narrow = list(segments.split(text, _LONG_HEADER))
        if len(narrow) == counted.parts:
            return list(_with_header16(encoded(narrow), reference))
    return list(_with_header8(encoded(segments.split(text)), reference))


def data_coding(text: str, default: int) -> int:
    """What the unit says of its text; `default` is how the SMS centre writes its default alphabet."""
    return default if segments.count(text).alphabet is Alphabet.GSM7 else UCS2


def _with_header8(pieces: list[bytes], reference: int) -> Iterator[Part]:
    for place, piece in enumerate(pieces, 1):
        yield Part(bytes((5, 0x00, 3, reference & 0xFF, len(pieces), place)) + piece, UDHI)


def _with_header16(pieces: list[bytes], reference: int) -> Iterator[Part]:
    for place, piece in enumerate(pieces, 1):
        yield Part(bytes((6, 0x08, 4, *_two(reference), len(pieces), place)) + piece, UDHI)


def _with_parameters(pieces: list[bytes], reference: int) -> Iterator[Part]:
    for place, piece in enumerate(pieces, 1):
        yield Part(
            piece,
            parameters={
                Tag.SAR_MSG_REF_NUM: _two(reference),
                Tag.SAR_TOTAL_SEGMENTS: bytes((len(pieces),)),
                Tag.SAR_SEGMENT_SEQNUM: bytes((place,)),
            },
        )


def _two(reference: int) -> bytes:
    return (reference & 0xFFFF).to_bytes(2, "big")

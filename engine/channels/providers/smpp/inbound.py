"""Texts from phones, and the parts of long ones, whichever way they were cut."""

from datetime import datetime

from engine.channels.providers.smpp.encoding import Charset, coding_of
from engine.channels.providers.smpp.pdu import PduError
from engine.channels.providers.smpp.short_message import UDHI, Address, ShortMessage
from engine.channels.providers.smpp.tlv import Tag
from engine.coding import decode
from engine.heard import Heard
from engine.part import Part

_INTERNATIONAL = 1
#: No international number has fewer digits.
_SHORTEST = 7

_Place = tuple[int, int, int]
"""(reference, how many parts, which one)"""


def read(provider: str, message: ShortMessage, charset: Charset, now: datetime) -> Heard | Part:
    """What a phone sent. Raises PduError, or another ValueError, when it makes no sense."""
    place, data = _place_of(message)
    sender, recipient = _number(message.source), _number(message.destination)
    coding = coding_of(message.data_coding, charset)
    if place is None or place[1] == 1:
        return Heard(provider=provider, sender=sender, recipient=recipient, text=decode(data, coding), at=now)
    reference, total, number = place
    return Part(
        provider=provider,
        sender=sender,
        recipient=recipient,
        reference=reference,
        total=total,
        number=number,
        body=data,
        coding=coding,
        at=now,
    )


def _number(address: Address) -> str:
    """With the plus of an international number (5.2.5), which short numbers are called too."""
    whole = address.ton == _INTERNATIONAL and address.value.isdecimal() and len(address.value) >= _SHORTEST
    return f"+{address.value}" if whole else address.value


def _place_of(message: ShortMessage) -> tuple[_Place | None, bytes]:
    """Which part of what it is, and its text without the header (3GPP TS 23.040 9.2.3.24)."""
    content = message.content
    place = _from_parameters(message)
    if not message.esm_class & UDHI:
        return place, content
    length = content[0] + 1 if content else 0
    header, text = content[1:length], content[length:]
    if not content or len(header) != length - 1:
        raise PduError("a user data header that is cut off")
    while header:
        if len(header) < 2 or len(header) < 2 + header[1]:
            raise PduError("a user data header that is cut off")
        kind, value, header = header[0], header[2 : 2 + header[1]], header[2 + header[1] :]
        if (kind, len(value)) in ((0x00, 3), (0x08, 4)):
            place = _checked(int.from_bytes(value[:-2], "big"), value[-2], value[-1])
    return place, text


def _from_parameters(message: ShortMessage) -> _Place | None:
    tags = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
    reference, total, number = (int.from_bytes(message.parameters.get(tag, b""), "big") for tag in tags)
    return _checked(reference, total, number) if total else None


def _checked(reference: int, total: int, number: int) -> _Place:
    if not 1 <= number <= total <= 255:
        raise PduError("a part that is none of its message")
    return reference, total, number

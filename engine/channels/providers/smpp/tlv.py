"""Optional parameters of SMPP 3.4 (section 5.3): a tag, a length, a value."""

import struct
from collections.abc import Mapping
from enum import IntEnum

from engine.channels.providers.smpp.pdu import PduError

_HEAD = struct.Struct(">HH")


class Tag(IntEnum):
    """Those that we read or write (5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


def encode(parameters: Mapping[int, bytes]) -> bytes:
    """The bytes of these parameters, in their order."""
    return b"".join(_HEAD.pack(tag, len(value)) + value for tag, value in parameters.items())


def decode(data: bytes) -> dict[int, bytes]:
    """The parameters in `data`; of one that comes twice the last. Raises PduError when one is cut off."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if len(data) - at < _HEAD.size:
            raise PduError("an optional parameter that is cut off")
        tag, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if len(data) - at < length:
            raise PduError("an optional parameter that is cut off")
        found[tag] = data[at : at + length]
        at += length
    return found

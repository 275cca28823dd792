"""Protocol data units of SMPP 3.4 (sections 3.2 and 4): to bytes and back, within bounds."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_HEADER = struct.Struct(">IIII")
#: A message_payload of 64 kB and what stands around it; nothing that is longer is SMPP.
MOST_BYTES = 70_000
#: Set in the command of every answer.
RESPONSE = 0x8000_0000
LAST_SEQUENCE = 0x7FFF_FFFF
#: interface_version
_VERSION = 0x34


class PduError(ValueError):
    """Bytes that are not SMPP."""


class Command(IntEnum):
    """What a unit asks for (5.1.2.1)."""

    GENERIC_NACK = 0x8000_0000
    BIND_TRANSMITTER = 0x02
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103


class Pdu(NamedTuple):
    """One unit: a request, or the answer to the request of the same `sequence`."""

    command: int
    status: int
    sequence: int
    body: bytes = b""


def encode(pdu: Pdu) -> bytes:
    """The bytes of a unit."""
    return _HEADER.pack(_HEADER.size + len(pdu.body), pdu.command, pdu.status, pdu.sequence) + pdu.body


class Splitter:
    """Cuts a stream of bytes into units, however the network cut it."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Pdu]:
        """The units that are whole now. Raises PduError when a length is none: what follows cannot be read."""
        self._rest += data
        start = 0
        try:
            while len(self._rest) - start >= _HEADER.size:
                length, command, status, sequence = _HEADER.unpack_from(self._rest, start)
                if not _HEADER.size <= length <= MOST_BYTES:
                    raise PduError(f"a unit of {length} bytes")
                if len(self._rest) - start < length:
                    return
                body = bytes(self._rest[start + _HEADER.size : start + length])
                start += length
                yield Pdu(command, status, sequence, body)
        finally:
            del self._rest[:start]


def c_string(text: str) -> bytes:
    """A C-octet string (3.1). Raises PduError for what is not Latin-1 or holds a NUL."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        raise PduError("a character that SMPP cannot carry") from None
    if b"\0" in data:
        raise PduError("a NUL inside a text")
    return data + b"\0"


def read_c_string(data: bytes, start: int, most: int) -> tuple[str, int]:
    """(text, where it ends). Raises PduError when it has no end within `most` bytes, the NUL among them."""
    end = data.find(b"\0", start, start + most)
    if end < 0:
        raise PduError("a text without an end")
    return data[start:end].decode("latin-1"), end + 1


def bind(system_id: str, password: str, system_type: str) -> bytes:
    """The body of a bind (4.1.1): we take messages from and for every address."""
    return c_string(system_id) + c_string(password) + c_string(system_type) + bytes([_VERSION, 0, 0]) + c_string("")


def read_id(body: bytes) -> str:
    """The message_id in the answer to a submit_sm (4.4.2). Raises PduError when there is none."""
    found, _ = read_c_string(body, 0, 66)
    if not found or not found.isprintable():
        raise PduError("an answer without the id of the message")
    return found

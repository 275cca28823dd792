"""The body that submit_sm and deliver_sm share (SMPP 3.4, 4.4.1 and 4.6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.channels.providers.smpp import tlv
from engine.channels.providers.smpp.pdu import PduError, c_string, read_c_string
from engine.channels.providers.smpp.tlv import Tag

#: esm_class (5.2.12): the text begins with a user data header.
UDHI = 0x40
#: esm_class: the text is a delivery receipt of the SMS centre, final or on the way.
RECEIPT, ON_THE_WAY = 0x04, 0x20
#: short_message holds so many bytes; what is longer goes as message_payload.
MOST_SHORT = 254


@dataclass(frozen=True)
class Address:
    """A number or a name, with what kind it is (5.2.5) and whose plan numbers it (5.2.6)."""

    value: str
    ton: int = 1
    npi: int = 1


@dataclass(frozen=True)
class ShortMessage:
    """One part of a message, or a receipt, as it stands in a unit. `data` is its text, header and all."""

    source: Address
    destination: Address
    data: bytes = b""
    esm_class: int = 0
    data_coding: int = 0
    registered: int = 0
    validity: str = ""
    service_type: str = ""
    parameters: Mapping[int, bytes] = field(default_factory=dict)
    priority: int = 0
    """0 or, for a network that has priorities, more (5.2.14)."""

    @property
    def content(self) -> bytes:
        """The text, wherever it stands."""
        return self.data or self.parameters.get(Tag.MESSAGE_PAYLOAD, b"")


def encode(message: ShortMessage) -> bytes:
    """The bytes of a body. Raises PduError when the text is too long or an address cannot be written."""
    if len(message.data) > MOST_SHORT:
        raise PduError(f"a short_message of {len(message.data)} bytes")
    return b"".join(
        (
            c_string(message.service_type),
            _address(message.source),
            _address(message.destination),
            bytes((message.esm_class, 0, message.priority)),  # protocol_id between the two
            c_string(""),  # schedule_delivery_time: now
            c_string(message.validity),
            bytes((message.registered, 0, message.data_coding, 0, len(message.data))),
            message.data,
            tlv.encode(message.parameters),
        )
    )


def decode(body: bytes) -> ShortMessage:
    """The message in a body. Raises PduError when it is cut off or too long."""
    service_type, at = read_c_string(body, 0, 6)
    source, at = _read_address(body, at)
    destination, at = _read_address(body, at)
    esm_class, at = _take(body, at, 3)
    _, at = read_c_string(body, at, 17)
    validity, at = read_c_string(body, at, 17)
    flags, at = _take(body, at, 5)
    data, at = _take(body, at, flags[4])
    return ShortMessage(
        source=source,
        destination=destination,
        data=data,
        esm_class=esm_class[0],
        data_coding=flags[2],
        registered=flags[0],
        validity=validity,
        service_type=service_type,
        parameters=tlv.decode(body[at:]),
    )


def decode_data(body: bytes) -> ShortMessage:
    """The message in the body of a data_sm (4.7.1), as some SMS centres bring receipts and texts.

    Its text is a message_payload. Raises PduError when it is cut off or too long.
    """
    service_type, at = read_c_string(body, 0, 6)
    source, at = _read_address(body, at)
    destination, at = _read_address(body, at)
    flags, at = _take(body, at, 3)
    return ShortMessage(
        source=source,
        destination=destination,
        esm_class=flags[0],
        registered=flags[1],
        data_coding=flags[2],
        service_type=service_type,
        parameters=tlv.decode(body[at:]),
    )


def _address(address: Address) -> bytes:
    return bytes((address.ton, address.npi)) + c_string(address.value)


def _read_address(body: bytes, at: int) -> tuple[Address, int]:
    kind, at = _take(body, at, 2)
    # 21 in the specification; some networks write longer ones.
    value, at = read_c_string(body, at, 66)
    return Address(value, *kind), at


def _take(body: bytes, at: int, size: int) -> tuple[bytes, int]:
    taken = body[at : at + size]
    if len(taken) < size:
        raise PduError("a message that is cut off")
    return taken, at + size

"""Messages from phones: long ones put together, whichever way they were cut."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.channels.providers.smpp.encoding import Charset, decode
from engine.channels.providers.smpp.pdu import PduError
from engine.channels.providers.smpp.short_message import UDHI, Address, ShortMessage
from engine.channels.providers.smpp.tlv import Tag

#: Messages that wait for their other parts, and how long.
MOST_OPEN = 1_000
PATIENCE = timedelta(hours=1)
_INTERNATIONAL = 1
#: No international number has fewer digits.
_SHORTEST = 7


@dataclass(frozen=True)
class Inbound:
    """A text from a phone to one of our numbers. Both are written as the network gave them."""

    sender: str
    recipient: str
    text: str
    at: datetime


_Place = tuple[int, int, int]
"""(reference, how many parts, which one)"""


@dataclass
class _Open:
    began: datetime
    pieces: dict[int, bytes] = field(default_factory=dict)


class Assembly:
    """Puts parts together by sender, recipient and reference."""

    def __init__(self, charset: Charset = Charset.GSM7) -> None:
        self._charset = charset
        self._open: OrderedDict[tuple[str, str, int, int], _Open] = OrderedDict()

    def add(self, message: ShortMessage, now: datetime) -> Inbound | None:
        """The whole message that this part completes, or None. Raises PduError when its header makes no sense.

        A part that comes again replaces itself; a message whose parts do not come is forgotten.
        """
        place, data = _place_of(message)
        if place is not None and place[1] > 1:
            whole = self._join(message, place, data, now)
            if whole is None:
                return None
            data = whole
        text = decode(data, message.data_coding, self._charset)
        return Inbound(_number(message.source), _number(message.destination), text, now)

    def _join(self, message: ShortMessage, place: _Place, data: bytes, now: datetime) -> bytes | None:
        reference, total, number = place
        key = (message.source.value, message.destination.value, reference, total)
        while self._open and (len(self._open) > MOST_OPEN or self._oldest() < now - PATIENCE):
            self._open.popitem(last=False)
        found = self._open.get(key)
        if found is None or (len(found.pieces) == total and found.pieces[number] != data):
            # References come round again; a part of a whole message that comes again unchanged could not be kept.
            self._open.pop(key, None)
            found = self._open[key] = _Open(now)
        found.pieces[number] = data
        if len(found.pieces) < total:
            return None
        # Bytes are joined before they are read: some networks cut a character in two.
        return b"".join(found.pieces[each] for each in range(1, total + 1))

    def _oldest(self) -> datetime:
        return next(iter(self._open.values())).began


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

"""Delivery receipts: as a text (SMPP 3.4 appendix B) or as parameters (5.3.2.35), their ids in either spelling."""

import re
from enum import StrEnum
from typing import NamedTuple

from engine.channels.providers.smpp.short_message import ON_THE_WAY, RECEIPT, ShortMessage
from engine.channels.providers.smpp.tlv import Tag
from engine.channels.words import discreet
from engine.reason import Reason
from engine.receipt import Fate

#: message_state (5.2.28) -> how the text of a receipt writes it (appendix B)
_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_FATES = {
    "ENROUTE": (Fate.SENT, Reason.ACCEPTED),
    "ACCEPTD": (Fate.SENT, Reason.ACCEPTED),
    "UNKNOWN": (Fate.SENT, Reason.ACCEPTED),  # the network lost sight of it, which proves nothing
    "DELIVRD": (Fate.DELIVERED, Reason.DELIVERED),
    "EXPIRED": (Fate.UNDELIVERED, Reason.PHONE_OFF),  # tried until its time was over
    "DELETED": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "UNDELIV": (Fate.UNDELIVERED, Reason.UNDELIVERED),
    "REJECTD": (Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
}
#: network_error_code (5.3.2.31): its first byte for GSM, and the errors of 3GPP TS 29.002, 17.6.6.
_GSM = 3
_WHY = {
    1: Reason.BAD_NUMBER,  # unknownSubscriber
    5: Reason.BAD_NUMBER,  # unidentifiedSubscriber
    6: Reason.PHONE_OFF,  # absentSubscriberSM
    9: Reason.BARRED,  # illegalSubscriber
    11: Reason.UNABLE,  # teleserviceNotProvisioned
    12: Reason.BARRED,  # illegalEquipment
    13: Reason.BARRED,  # callBarred
    21: Reason.UNABLE,  # facilityNotSupported
    27: Reason.PHONE_OFF,  # absentSubscriber
    31: Reason.PHONE_OFF,  # subscriberBusyForMT-SMS
}

_FIELD = re.compile(r"\b(id|stat|err):\s*(\S+)", re.IGNORECASE)
#: From here on stand the sender's own words, which may look like anything.
_TEXT = re.compile(r"\btext:", re.IGNORECASE)
_MOST_ID = 65


class Ids(StrEnum):
    """How the id of a message is written in its receipt."""

    SAME = "same"
    HEX_THEN_DECIMAL = "hex_then_decimal"
    """In the answer hexadecimal, in the receipt decimal."""
    DECIMAL_THEN_HEX = "decimal_then_hex"

    def in_answer(self, id: str) -> str:
        """An id of an answer as we keep it."""
        return _canonical(id, {Ids.HEX_THEN_DECIMAL: 16, Ids.DECIMAL_THEN_HEX: 10}.get(self))

    def in_receipt(self, id: str) -> str:
        """An id of a receipt as we keep it."""
        return _canonical(id, {Ids.HEX_THEN_DECIMAL: 10, Ids.DECIMAL_THEN_HEX: 16}.get(self))


def _canonical(id: str, radix: int | None) -> str:
    try:
        return id if radix is None or "_" in id else str(int(id, radix))
    except ValueError:
        return id  # not a number after all: as it stands


class NetworkReceipt(NamedTuple):
    """What the network says became of one part."""

    id: str
    fate: Fate
    reason: Reason
    words: str


def is_receipt(message: ShortMessage) -> bool:
    """Whether a deliver_sm is about a message of ours, not from a phone."""
    return bool(message.esm_class & (RECEIPT | ON_THE_WAY)) or Tag.RECEIPTED_MESSAGE_ID in message.parameters


def read(message: ShortMessage, ids: Ids = Ids.SAME) -> NetworkReceipt:
    """The receipt in a deliver_sm; parameters count more than the text.

    Raises ValueError when no message or no state is named.
    """
    said = _TEXT.split(message.content[:1000].decode("latin-1"), maxsplit=1)[0]
    found = {name.lower(): value for name, value in _FIELD.findall(said)}
    named = message.parameters.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    id = ids.in_answer(named) if named else ids.in_receipt(found.get("id", ""))
    if not id or not id.isprintable() or len(id) > _MOST_ID:
        raise ValueError("a receipt for no message")
    state = message.parameters.get(Tag.MESSAGE_STATE, b"")
    word = _STATES.get(state[0], "") if len(state) == 1 else found.get("stat", "").upper()[:7]
    if word not in _FATES:
        raise ValueError("a receipt without a state")
    fate, reason = _FATES[word]
    network = message.parameters.get(Tag.NETWORK_ERROR_CODE, b"")
    error = found.get("err", "")
    if len(network) == 3:
        code = int.from_bytes(network[1:], "big")
        error = str(code)
        if fate is Fate.UNDELIVERED and network[0] == _GSM:
            reason = _WHY.get(code, reason)
    return NetworkReceipt(id, fate, reason, discreet(f"{word} {error}"))

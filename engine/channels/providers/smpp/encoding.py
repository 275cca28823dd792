"""Texts as SMPP carries them, and how it says what their bytes mean (SMPP 5.2.19)."""

from enum import StrEnum

from engine.coding import TO_GSM, Coding
from engine.segments import Alphabet

#: data_coding (5.2.19)
DEFAULT, LATIN1, UCS2 = 0x00, 0x03, 0x08


class UnfitError(ValueError):
    """A text that cannot be sent; its words name no character of it but by code point."""


class Charset(StrEnum):
    """What the SMS centre takes for texts that fit the default alphabet."""

    GSM7 = "gsm7"
    """The default alphabet itself."""
    LATIN1 = "latin1"
    """Latin-1, which it turns into the default alphabet; what Latin-1 lacks goes nowhere."""


def encode(text: str, alphabet: Alphabet, charset: Charset = Charset.GSM7) -> bytes:
    """`text` in the alphabet that the whole message is counted in. Raises UnfitError for what that cannot carry."""
    if alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be")
    if charset is Charset.GSM7:
        return encode_gsm(text)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnfitError(f"the SMS centre's alphabet, Latin-1, lacks U+{ord(text[error.start]):04X}") from None


def encode_gsm(text: str) -> bytes:
    """`text` in GSM-7, unpacked. Raises UnfitError for a character that is not in it."""
    try:
        return b"".join(map(TO_GSM.__getitem__, text))
    except KeyError as error:
        raise UnfitError(f"GSM-7 lacks U+{ord(error.args[0]):04X}") from None


def coding_of(data_coding: int, charset: Charset = Charset.GSM7) -> Coding:
    """What the bytes of a message from a phone mean; a meaning that nobody knows is taken for ASCII."""
    if data_coding & 0xC0 == 0xC0:  # GSM message class control: bit 2 says which alphabet
        data_coding = UCS2 if data_coding & 0x0C == UCS2 else DEFAULT
    if data_coding == UCS2:
        return Coding.UCS2
    if data_coding == DEFAULT and charset is Charset.GSM7:
        return Coding.GSM7
    return Coding.LATIN1 if data_coding in (DEFAULT, LATIN1) else Coding.ASCII

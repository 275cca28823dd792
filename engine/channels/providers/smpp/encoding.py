"""Texts as SMPP carries them: GSM-7 with a character in each byte, UCS-2, Latin-1 (3GPP TS 23.038, SMPP 5.2.19)."""

from enum import StrEnum

from engine.segments import Alphabet

#: The default alphabet in the order of its codes; ESC leads to the extension.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENSION = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))
_TO_GSM = {character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE} | {
    character: bytes([_ESCAPE, code]) for code, character in _EXTENSION.items()
}
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
        return b"".join(map(_TO_GSM.__getitem__, text))
    except KeyError as error:
        raise UnfitError(f"GSM-7 lacks U+{ord(error.args[0]):04X}") from None


def decode_gsm(data: bytes) -> str:
    """The text in unpacked GSM-7; what the alphabet lacks is U+FFFD, an escape to nowhere is its second character."""
    found: list[str] = []
    escaped = False
    for code in data:
        if not escaped and code == _ESCAPE:
            escaped = True
            continue
        plain = _BASIC[code] if code < len(_BASIC) and code != _ESCAPE else "\ufffd"
        found.append(_EXTENSION.get(code, plain) if escaped else plain)
        escaped = False
    return "".join(found)


def decode(data: bytes, data_coding: int, charset: Charset = Charset.GSM7) -> str:
    """The text of a message from a phone; what cannot be read is U+FFFD, never an error."""
    if data_coding & 0xC0 == 0xC0:  # GSM message class control: bit 2 says which alphabet
        data_coding = UCS2 if data_coding & 0x0C == UCS2 else DEFAULT
    if data_coding == UCS2:
        return data.decode("utf-16-be", "replace")
    if data_coding == DEFAULT and charset is Charset.GSM7:
        return decode_gsm(data)
    return data.decode("latin-1" if data_coding in (DEFAULT, LATIN1) else "ascii", "replace")

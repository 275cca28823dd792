"""How phones write texts as bytes: GSM-7 with a character in each byte, UCS-2, Latin-1 (3GPP TS 23.038)."""

from enum import StrEnum

#: The default alphabet in the order of its codes; ESC leads to the extension.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENSION = dict(zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True))
#: The code of each character, with its escape where it needs one.
TO_GSM = {character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE} | {
    character: bytes([_ESCAPE, code]) for code, character in _EXTENSION.items()
}


class Coding(StrEnum):
    """What the bytes of a text mean."""

    GSM7 = "gsm7"
    """The default alphabet, unpacked."""
    UCS2 = "ucs2"
    LATIN1 = "latin1"
    ASCII = "ascii"


def decode(data: bytes, coding: Coding) -> str:
    """The text; what cannot be read is U+FFFD, never an error."""
    if coding is Coding.GSM7:
        return decode_gsm(data)
    return data.decode("utf-16-be" if coding is Coding.UCS2 else coding.value, "replace")


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

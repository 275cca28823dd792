"""How many parts a text costs: GSM-7 or UCS-2, counted exactly as the network counts (3GPP TS 23.038, 23.040)."""

from collections.abc import Iterator
from enum import StrEnum

from engine.noun import Noun

#: GSM 7-bit default alphabet, one septet each. ESC (0x1B) is not a character and is left out.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table: an escape and a character, so these cost double. One euro sign can buy a second part.
_EXTENDED = frozenset("^{}\\[~]|€\f")


class Alphabet(StrEnum):
    """What the text is written in on the air."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


#: (units in a text of one part, units in each part of a longer one: the rest is the header that joins them)
_ROOM = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (70, 67)}


class Segments(Noun):
    """A text as the network will carry it: its alphabet, its length in that alphabet's units, its parts."""

    alphabet: Alphabet
    units: int
    parts: int
    forced_by: str = ""
    """The first character that is not in GSM-7 and so halved the room; empty in GSM-7."""


def _cost(character: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1


def _alphabet(text: str) -> tuple[Alphabet, str]:
    for character in text:
        if character not in _BASIC and character not in _EXTENDED:
            return Alphabet.UCS2, character
    return Alphabet.GSM7, ""


def split(text: str) -> Iterator[str]:
    """The parts of `text` in order. An escape pair or a surrogate pair is never torn apart.

    An empty text is one empty part: the network charges for it.
    """
    alphabet, _ = _alphabet(text)
    whole, each = _ROOM[alphabet]
    if sum(_cost(c, alphabet) for c in text) <= whole:
        yield text
        return
    start = used = 0
    for index, character in enumerate(text):
        cost = _cost(character, alphabet)
        if used + cost > each:
            yield text[start:index]
            start, used = index, 0
        used += cost
    yield text[start:]


def count(text: str) -> Segments:
    """Count the parts of `text`; the figure that is quoted, reserved and charged."""
    alphabet, forced_by = _alphabet(text)
    return Segments(
        alphabet=alphabet,
        units=sum(_cost(c, alphabet) for c in text),
        parts=sum(1 for _ in split(text)),
        forced_by=forced_by,
    )


def shorten(text: str, parts: int) -> str:
    """The longest beginning of `text` that fits in `parts`, ending in ``...`` where something was cut."""
    if count(text).parts <= parts:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[:middle].rstrip() + "...").parts <= parts:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "..."

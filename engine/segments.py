"""How many parts a text costs: GSM-7 or UCS-2, counted exactly as the network counts (3GPP TS 23.038, 23.040)."""

from collections.abc import Iterator
from enum import StrEnum
from unicodedata import category

from engine.noun import Noun

#: GSM 7-bit default alphabet, one septet each. ESC (0x1B) is not a character and is left out.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table: an escape and a character, so these cost double. One euro sign can buy a second part.
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM = _BASIC | _EXTENDED


class Alphabet(StrEnum):
    """What the text is written in on the air."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


#: Bytes in a part, and how many of them the header takes that joins the parts of a longer text.
_BYTES, HEADER = 140, 6
#: Bits in a unit.
_BITS = {Alphabet.GSM7: 7, Alphabet.UCS2: 16}


_JOINER = "\u200d"
_SKINS = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))


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
    if _GSM.issuperset(text):
        return Alphabet.GSM7, ""
    return Alphabet.UCS2, next(character for character in text if character not in _GSM)


def _units(text: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return len(text) + sum(map(text.count, _EXTENDED))
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _room(alphabet: Alphabet, header: int = 0) -> int:
    """Units in a part whose header takes so many bytes."""
    return (_BYTES - header) * 8 // _BITS[alphabet]


def split(text: str, header: int = HEADER) -> Iterator[str]:
    """The parts of `text` in order. An escape pair or a surrogate pair is never torn apart.

    An empty text is one empty part: the network charges for it. `header` is how many bytes of each part of a longer
    text join it to the others; what is charged is counted with the usual one.
    """
    alphabet, _ = _alphabet(text)
    if _units(text, alphabet) <= _room(alphabet):
        yield text
        return
    each = _room(alphabet, header)
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
    units = _units(text, alphabet)
    parts = 1 if units <= _room(alphabet) else sum(1 for _ in split(text))
    return Segments(alphabet=alphabet, units=units, parts=parts, forced_by=forced_by)


def whole(text: str, most: int) -> str:
    """The longest beginning of at most `most` characters that tears no sign apart: no accent from its letter, no
    family, flag or skin from its emoji (Unicode UAX 29, the part of it that mail is made of).

    A sign that alone is longer than that is cut after all.
    """
    at = most
    while 0 < at < len(text) and _joins(text, at):
        at -= 1
    return text[: at or most]


def _joins(text: str, at: int) -> bool:
    """Whether the character at this place belongs to the one before it."""
    after, before = text[at], text[at - 1]
    if before == _JOINER or after == _JOINER or category(after) in ("Mn", "Mc", "Me") or after in _SKINS:
        return True
    if after not in _FLAGS or before not in _FLAGS:
        return False
    start = at
    while start and text[start - 1] in _FLAGS:
        start -= 1
    return (at - start) % 2 == 1


def shorten(text: str, parts: int, tail: str = "") -> str:
    """`text` and then `tail` (a signature) in at most `parts` parts.

    Where not all of the text fits, its longest beginning ends in ``...``. A tail that leaves no room at all for
    the text is left out: what happened is worth more than who says so.
    """
    if count(text + tail).parts <= parts:
        return text + tail
    if count("..." + tail).parts > parts:
        return shorten(text, parts)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        # fewer characters never need more parts: the same division still holds them
        if count(_ended(text, middle) + tail).parts <= parts:
            low = middle
        else:
            high = middle - 1
    return _ended(text, low) + tail


def _ended(text: str, length: int) -> str:
    return whole(text, length).rstrip() + "..."

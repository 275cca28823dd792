"""Texts are compared without regard to case, width and form of writing."""

from unicodedata import normalize


def fold(text: str) -> str:
    """NFKC(casefold(NFKC(text))), so that ``STRASSE`` and ``straße`` are one word (Unicode 3.13)."""
    if text.isascii():
        return text.lower()
    return normalize("NFKC", normalize("NFKC", text).casefold())

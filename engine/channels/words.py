"""A provider's own words, made safe to keep and to show: they may repeat the number, the text or a secret."""

import re
from collections.abc import Iterable

#: More is no sentence but a page.
_MOST = 200
#: A run of digits, perhaps written in groups, that could be somebody's number; an error code is shorter.
_NUMBER = re.compile(r"\+?\d(?:[ ./()-]?\d){5,}")
_BLANK = re.compile(r"\s+")


def discreet(said: bytes | str, *hidden: str) -> str:
    """`said` on one line, cut short, without anything that is `hidden` and without what looks like a number."""
    text = said[: 16 * _MOST].decode("utf-8", "replace") if isinstance(said, bytes) else said[: 16 * _MOST]
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(secret, "…")
    text = _NUMBER.sub("…", text)
    text = _BLANK.sub(" ", "".join(each if each.isprintable() else " " for each in text)).strip()
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def addresses(number: str) -> Iterable[str]:
    """The ways in which a provider may write the number it was given."""
    return (number, number.removeprefix("+"))

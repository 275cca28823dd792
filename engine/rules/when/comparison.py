"""Sizes as people compare them: ``> 5 MB``, ``<= 300 kB``."""

import re
from collections.abc import Iterable, Iterator

from pydantic_core import PydanticCustomError

#: Bytes, from the least to the most, both included; None: no bound.
Range = tuple[int | None, int | None]

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_FORM = re.compile(r"(<=|>=|<|>)\s*([0-9]{1,12})(?:[.]([0-9]{1,6}))?\s*([a-z]{0,3})", re.IGNORECASE | re.ASCII)
_HINT = "like '> 5 MB', '<= 300 kB' or a list of both; a kB is 1,000 bytes, a KiB 1,024"


def read_comparison(text: str) -> Range:
    """The sizes that a comparison allows. Raises with the right form of it."""
    form = _read(text)
    if form is None:
        meant = next(filter(_read, _corrections(text.strip())), "")
        label = f"did you mean '{meant}'?" if meant else ""
        raise PydanticCustomError(
            "value_error", "write a comparison with a size here", {"label": label, "hint": _HINT}
        )
    digits = form[3] or ""
    exact, part = divmod(int(form[2] + digits) * _UNITS[form[4].lower()], 10 ** len(digits))
    match form[1]:
        case ">":
            return exact + 1, None
        case ">=":
            return exact + (part > 0), None
        case "<":
            return None, exact - (part == 0)
    return None, exact


def _read(text: str) -> re.Match[str] | None:
    form = _FORM.fullmatch(text.strip())
    return form if form and form[4].lower() in _UNITS else None


def _corrections(text: str) -> Iterator[str]:
    """What was perhaps meant: a comparison without its sign, with words for it, or with a comma in its number."""
    text = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text)
    for words, sign in (
        ("=<", "<="),
        ("=>", ">="),
        ("more than", ">"),
        ("less than", "<"),
        ("over", ">"),
        ("under", "<"),
    ):
        if text.lower().startswith(words):
            rest = text[len(words) :].strip()
            yield f"{sign} {rest}"
            yield f"{sign} {rest}B"
    yield text
    yield f"> {text.lstrip('= ')}"
    yield f"{text}B"
    yield f"> {text.lstrip('= ')}B"


def intersect(ranges: Iterable[Range]) -> Range | None:
    """What all of them allow; None when that is nothing."""
    low, high = 0, None
    for least, most in ranges:
        low = max(low, least or 0)
        high = most if high is None else high if most is None else min(high, most)
    if high is not None and high < low:
        return None
    return low or None, high


def inside(size: int, allowed: Range) -> bool:
    """Whether a size is in a range."""
    low, high = allowed
    return (low is None or low <= size) and (high is None or size <= high)


def show_size(size: int) -> str:
    """A size as people read it: ``1.2 MB``."""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} bytes"

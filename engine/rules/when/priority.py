"""How urgent the sender says that a mail is."""

from collections.abc import Iterable
from typing import Literal

Priority = Literal["high", "normal", "low"]

#: X-Priority as mail programs write it (``1 (Highest)``), Importance (RFC 4021 2.1.54), Priority (RFC 2156 5.3.6).
_MEANT: dict[str, Priority] = {
    "1": "high",
    "2": "high",
    "3": "normal",
    "4": "low",
    "5": "low",
    "high": "high",
    "highest": "high",
    "urgent": "high",
    "normal": "normal",
    "low": "low",
    "lowest": "low",
    "non-urgent": "low",
}
#: Asked in this order, and the first that says something counts.
_HEADERS = ("x-priority", "importance", "priority", "x-msmail-priority")


def read_priority(headers: Iterable[tuple[str, str]]) -> Priority:
    """The priority of a mail with these headers; normal when none of them says."""
    told: dict[str, str] = {}
    for name, value in headers:
        told.setdefault(name.lower(), value)
    for name in _HEADERS:
        words = told.get(name, "").lower().replace("(", " ").split()
        if words and words[0] in _MEANT:
            return _MEANT[words[0]]
    return "normal"

"""When a provider says how long to stay away."""

from collections.abc import Mapping
from datetime import timedelta


def read_retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Seconds (RFC 9110 10.2.3), at most a day; header names are lower case. The form with a date is passed over."""
    text = headers.get("retry-after", "")
    return timedelta(seconds=min(int(text[:9]), 86_400)) if text.isascii() and text.isdecimal() else None

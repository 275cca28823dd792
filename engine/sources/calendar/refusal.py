"""What a server's answer means when it is no calendar, in words for whoever wrote its address."""

from engine.errors import SourceError
from engine.visit import Page

#: No server keeps us away for longer than this by asking.
_MOST_WAIT = 24 * 3600.0
_SIGN_IN = "check user and password; many providers want an app password"
_ADDRESS = "copy the address again from the calendar's settings"


class BusyError(SourceError):
    """The server asks to be left alone for `wait` seconds."""

    wait: float = 0.0


def explain(page: Page, place: str, *, signed_in: bool) -> SourceError:
    """The error that this status means. `unreachable`: it may pass by itself."""
    status = page.status
    if status in (429, 503):
        busy = BusyError(f"the server is busy ({status})", place=place, remedy="none needed", unreachable=True)
        asked = page.headers.get("retry-after", "")
        busy.wait = min(float(asked), _MOST_WAIT) if asked.isascii() and asked.isdecimal() else 0.0
        return busy
    if status >= 500:
        return SourceError(
            f"the server has an error of its own ({status})", place=place, remedy="none needed", unreachable=True
        )
    if status == 401 and not signed_in:
        return SourceError("the server wants a sign-in", place=place, remedy="write user and password for this feed")
    if status == 401:
        return SourceError("the server refuses the sign-in", place=place, remedy=_SIGN_IN)
    if status == 403:
        return SourceError("the calendar may not be read by us", place=place, remedy=f"{_SIGN_IN}, or {_ADDRESS}")
    if status in (404, 410):
        return SourceError("there is no calendar at this address", place=place, remedy=_ADDRESS)
    return SourceError(f"the server answered {status}, which is no calendar", place=place, remedy=_ADDRESS)


def require_calendar(text: str, place: str) -> None:
    """Raise SourceError unless the text is a calendar from its beginning to its end.

    Half a calendar must not look like one whose other half was cancelled.
    """
    head, tail = text[:1024].lstrip().upper(), text[-1024:].rstrip().upper()
    if head.startswith("BEGIN:VCALENDAR"):
        if not tail.endswith("END:VCALENDAR"):
            raise SourceError("the calendar breaks off in the middle", place=place, remedy=_ADDRESS, unreachable=True)
        return
    if head.startswith("<"):
        remedy = f"{_ADDRESS}: the one for subscribing, often called iCal or ICS"
        raise SourceError("the answer is a web page, not a calendar", place=place, remedy=remedy)
    what = "empty" if not head else "no calendar"
    raise SourceError(f"the answer is {what}", place=place, remedy=_ADDRESS)

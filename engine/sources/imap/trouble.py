"""What can go wrong with a mail server, sorted by what is to be done about it. None carries a secret."""

import re

from engine.errors import SourceError

_CODE = re.compile(r"\[([A-Z][A-Z0-9-]*)")
_SUGGESTED = re.compile(r"Suggested Backoff Time:\s*(\d{1,9})\s*milliseconds", re.IGNORECASE)
#: Answers that pass by themselves (RFC 5530 section 3, RFC 9051 section 7.1).
_PASSING_CODES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA", "THROTTLED", "SERVERBUG"})
_PASSING_WORDS = re.compile(
    r"temporar|try again|too many|too fast|unavailable|server busy|throttl|timed? ?out|internal (server )?error|"
    r"not connected|system error|maintenance",
    re.IGNORECASE,
)


class LostError(SourceError):
    """The connection is gone or of no more use; a new one may do better. `wait` is what the server asked for."""

    wait: float = 0.0


class DeniedError(SourceError):
    """The server answered NO or BAD; the connection is still good."""

    @property
    def code(self) -> str:
        """The response code in brackets, or nothing (RFC 3501 section 7.1)."""
        return read_code(self.message)

    @property
    def passing(self) -> bool:
        """Whether the server says that this will pass by itself."""
        return is_passing(self.message)


class RefusedError(SourceError):
    """The sign-in was refused, and will be until somebody changes the credentials."""


class MissingError(SourceError):
    """The folder is not there, or may not be opened."""


class UnreadableError(SourceError):
    """The answer came whole but makes no sense; the connection is still in step."""


def read_code(text: str) -> str:
    """The first response code in a server's text, in upper case; ALERT says nothing and is passed over."""
    codes = [code for code in _CODE.findall(text.upper()) if code not in ("ALERT", "CAPABILITY")]
    return codes[0] if codes else ""


def is_passing(text: str) -> bool:
    """Whether a server's NO will pass by itself: by its code if it has one, else by its words."""
    code = read_code(text)
    if code in _PASSING_CODES:
        return True
    if code in ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN"):
        return False
    return _PASSING_WORDS.search(text) is not None


def suggested_wait(text: str) -> float:
    """Seconds the server asks us to stay away (Exchange says so in words), else 0."""
    found = _SUGGESTED.search(text)
    return int(found[1]) / 1000 if found else 0.0

"""A file of a mail that is told with it: described here, its bytes are fetched when it is on its way."""

from enum import StrEnum
from uuid import UUID

from engine.identity import derive
from engine.noun import Noun

#: No message carries more files than these.
MOST = 10


class Lack(StrEnum):
    """Why a file does not go along."""

    GONE = "gone"
    """The mail was moved or deleted."""
    UNREACHABLE = "unreachable"
    """The mailbox could not be read, however often we tried."""
    TOO_LARGE = "too_large"
    FALSE = "false"
    """It claims to be a picture or a PDF and is none."""


class Whereabouts(Noun):
    """In which mail, on which server (RFC 3501 2.3.1.1)."""

    host: str
    user: str
    folder: str
    uidvalidity: int
    uid: int


class Enclosure(Noun):
    """One file, and what is known of it so far."""

    id: UUID
    name: str
    media_type: str
    """What the mail says it is; once it is here, what it is."""
    size: int
    """Bytes, roughly."""
    section: str
    """Where in the mail its bytes are (RFC 3501 6.4.5)."""
    mail: Whereabouts
    kept: bool = False
    """Whether we have its bytes."""
    lack: Lack | None = None
    """Why we do not, once it was tried."""
    pages: int = 0
    """How many pages of a fax it takes; 0: none, it cannot be faxed."""


def medium_id(event_id: UUID, section: str) -> UUID:
    """(event, section): whoever is told of a mail is sent the same copy of its file."""
    return derive("medium", str(event_id), section)

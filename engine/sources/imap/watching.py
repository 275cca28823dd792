"""How the watch over one folder stands, for people: doctor, readiness, metrics."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """One word for what a watcher is doing."""

    CONNECTING = "connecting"
    READING = "reading"
    IDLE = "idle"
    """The server tells us when mail comes (RFC 2177)."""
    POLLING = "polling"
    """The server cannot tell, so we look every now and then."""
    STREAM_DOWN = "stream down"
    """Mail was read and cannot be handed over; it waits, and nothing is lost."""
    BACKING_OFF = "backing off"
    SUSPENDED = "suspended"
    """The sign-in was refused for good; we ask no more until the credentials change."""
    FOLDER_MISSING = "folder missing"
    STOPPED = "stopped"


#: In these states mail is being watched.
WATCHED = frozenset({State.READING, State.IDLE, State.POLLING})


@dataclass
class Watching:
    """The watch over one folder. Written by its watcher only; read by anybody, at any time."""

    account: str
    place: str
    """host:port"""
    folder: str
    state: State
    since: datetime
    """When it came to this state."""
    heard_at: datetime | None = None
    """When the server last said anything: the last proof of life."""
    error: str = ""
    """What went wrong last, with what to do about it; empty again once the folder is watched."""
    told: int = 0
    """Mails handed over since the start."""
    reconnects: int = 0
    hidden: int = 0
    """Mails that were announced only inside another answer, and would have been missed."""
    gaps: int = 0
    """Mails that were announced and gone when asked for."""
    unshown: int = 0
    """Mails that the server announced and could not show; they are told with what is known."""
    renumbered: int = 0
    """How often the server numbered the folder anew (UIDVALIDITY)."""
    skipped: int = 0
    """Mails left out because a renumbering or a first look showed more than the limit."""

    @property
    def watched(self) -> bool:
        """Whether new mail is noticed at the moment."""
        return self.state in WATCHED

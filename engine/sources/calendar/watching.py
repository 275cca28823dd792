"""How the watch over one feed stands, for people: doctor, readiness, metrics."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """One word for what a watcher is doing."""

    LOOKING = "looking"
    WAITING = "waiting"
    """The last look went well; the next comes in its time."""
    BACKING_OFF = "backing off"
    """The last look failed and may go well soon; the last good copy is in use."""
    REFUSED = "refused"
    """Somebody has to mend the feed; we go on looking, at its ordinary pace. The last good copy is in use."""
    STOPPED = "stopped"


@dataclass
class Watching:
    """The watch over one feed. Written by its watcher only; read by anybody, at any time."""

    account: str
    feed: str
    place: str
    """``host:port`` or the path of a file"""
    state: State
    since: datetime
    """When it came to this state."""
    heard_at: datetime | None = None
    """When the feed was last known to be as our copy is."""
    next_at: datetime | None = None
    """When it is looked at again."""
    error: str = ""
    """What went wrong last, with what to do about it; empty again after a look that went well."""
    looks: int = 0
    changes: int = 0
    """Copies handed over."""
    failures: int = 0
    """Looks that failed, one after another, until now."""
    unread: int = 0
    """Objects that the server named and did not show; they are asked for again at each look."""

"""How the watch over one feed stands, for people: doctor, readiness, metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: What is wrong at two looks, and still after this, stays wrong: a file that is written anew, or a site that is put
#: up anew, is whole again within minutes.
MEANT = timedelta(minutes=10)
REFUSALS = 2
#: A server may be away for a night's maintenance: few appointments change meanwhile. Away since the evening, it is
#: told before the next day's appointments. Three looks, since a machine that slept for as long has not asked.
AWAY = timedelta(hours=6)
FAILURES = 3


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
    refusals: int = 0
    """Those of them in which the feed itself is wrong, and somebody has to mend it."""
    failing_since: datetime | None = None
    """When the first of them was; None: the feed was well, whether or not our store could take it."""
    unread: int = 0
    """Objects that the server named and did not show; they are asked for again at each look."""

    def is_failing(self, now: datetime) -> bool:
        """Whether the feed is not watched any more, as its owner sees it: one bad look tells nobody."""
        if self.failing_since is None:
            return False
        lasts = now - self.failing_since
        return (self.refusals >= REFUSALS and lasts >= MEANT) or (self.failures >= FAILURES and lasts >= AWAY)

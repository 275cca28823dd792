"""Where to begin: at the first connection, and after a server has numbered a folder anew. Blocking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from engine.position import RING, Position
from engine.sources.imap.fetch import BATCH, cap, fetch_traces
from engine.sources.imap.session import Folder, Session
from engine.sources.imap.trouble import DeniedError, UnreadableError

#: Old mails told at most after a renumbering, or of the unread at the first connection: the newest ones.
MOST_RECOVERED = 200
MOST_UNSEEN = 1000
#: A mail that is moved into a folder keeps its date; so far back it still counts as new after a renumbering.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class Origin:
    """Mails to tell first (`uids`, ascending), then the position that holds from there on."""

    uids: list[int]
    position: Position
    skipped: int = 0


def begin(session: Session, folder: Folder, start: Literal["now", "unseen"], now: datetime) -> Origin:
    """The first connection: everything that is there counts as told, but what `start` asks for."""
    uids = [uid for uid in session.search("UNSEEN") if uid < folder.uidnext] if start == "unseen" else []
    recent, newest_at = _look_back(session, folder, now)
    position = Position(
        uidvalidity=folder.uidvalidity, last_uid=folder.uidnext - 1, newest_at=newest_at, recent=recent
    )
    return Origin(uids[-MOST_UNSEEN:], position, skipped=max(0, len(uids) - MOST_UNSEEN))


def recover(session: Session, folder: Folder, before: Position, now: datetime) -> Origin:
    """UIDVALIDITY has changed (RFC 3501 section 2.3.1.1): all numbers mean other mails now.

    New is what arrived since the last mail told and is not among the fingerprints of the mails told. Where nothing
    was ever told everything is new: Courier gives an empty folder another UIDVALIDITY each time.
    """
    if before.newest_at is None:
        candidates = session.search("UID 1:*") if folder.exists else []
        since = None
    else:
        since = before.newest_at - _SLACK
        candidates = session.search_since((since - timedelta(days=1)).date())
    candidates = candidates[-(RING + 10 * MOST_RECOVERED) :]
    traces = fetch_traces(session, candidates)
    told = set(before.recent)
    new = [
        uid
        for uid in candidates
        if uid in traces
        and traces[uid][0] not in told
        and (since is None or (arrived := traces[uid][1]) is None or arrived >= since)
    ]
    last = max(folder.uidnext - 1, max(candidates, default=0))
    position = before.model_copy(update={"uidvalidity": folder.uidvalidity, "last_uid": last})
    return Origin(new[-MOST_RECOVERED:], position, skipped=max(0, len(new) - MOST_RECOVERED))


def _look_back(session: Session, folder: Folder, now: datetime) -> tuple[tuple[str, ...], datetime | None]:
    """The fingerprints of the last mails there are, so that a later renumbering finds its way."""
    if not folder.exists:
        return (), None
    try:
        traces = fetch_traces(session, session.search(f"{max(1, folder.exists - BATCH + 1)}:{folder.exists}"))
    except (UnreadableError, DeniedError):
        return (), now
    dates = [arrived for _, arrived in traces.values() if arrived is not None]
    return tuple(traces[uid][0] for uid in sorted(traces)), cap(max(dates, default=now), now)

"""How far a source has been read. It moves only after what was read is durable on the stream."""

from pydantic import AwareDatetime

from engine.noun import Noun

#: Fingerprints kept per folder, to tell old mail from new when a server renumbers a folder.
RING = 300


class Position(Noun):
    """The place in one folder: everything up to `last_uid` under `uidvalidity` has been told (RFC 3501 2.3.1.1)."""

    uidvalidity: int
    last_uid: int
    newest_at: AwareDatetime | None = None
    """INTERNALDATE of the newest mail told; where to look again after a renumbering."""
    recent: tuple[str, ...] = ()
    """Fingerprints of the last mails told, oldest first, at most RING of them."""

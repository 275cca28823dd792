"""The last good copy of a feed: what appointments are read from while its server is away."""

import re
from collections.abc import Mapping
from datetime import timedelta

from engine.noun import Noun
from engine.sources.calendar.length import read_length
from engine.sources.calendar.lines import unfold

_HEAD = 16 * 1024
_ADVICE = re.compile(r"^(?:REFRESH-INTERVAL|X-PUBLISHED-TTL)(?:;[^:\n]*)?:([^\n]*)", re.MULTILINE | re.IGNORECASE)


class Piece(Noun):
    """One calendar object (RFC 4791 section 4.1), or all there is at an address."""

    etag: str = ""
    """The version that `text` is; empty: not known, so that it is asked for again."""
    text: str = ""


class Copy(Noun):
    """The pieces of a feed by their path (a collection) or under the empty one (an address, a file)."""

    pieces: Mapping[str, Piece] = {}
    modified: str = ""
    """Last-Modified of an address (RFC 9110 section 8.8.2)."""
    token: str = ""
    """Of a collection that can tell what changed since (RFC 6578)."""
    ctag: str = ""
    """Of a collection that can only tell whether anything changed."""

    @property
    def text(self) -> str:
        """All calendars of the feed, one after another (RFC 5545 section 3.4)."""
        return "\n".join(piece.text for piece in self.pieces.values() if piece.text)

    @property
    def advice(self) -> timedelta | None:
        """How often its publisher wishes to be asked (RFC 7986 section 5.7, [MS-OXCICAL] 2.1.3.1.1.8)."""
        whole = self.pieces.get("")
        head = unfold(whole.text[:_HEAD]).partition("\nBEGIN:VEVENT")[0] if whole else ""
        for written in _ADVICE.findall(head):
            try:
                days, seconds = read_length(written)
            except ValueError:
                continue
            return timedelta(days=days, seconds=seconds)
        return None

    def reads_as(self, other: "Copy") -> bool:
        """Whether both hold the same texts, whatever their versions are called."""
        return self.pieces.keys() == other.pieces.keys() and all(
            piece.text == other.pieces[path].text for path, piece in self.pieces.items()
        )

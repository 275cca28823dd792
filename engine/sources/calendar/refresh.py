"""What of a feed must be expanded again: what changed since the last time, and what its window has left behind."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from engine.errors import SourceError
from engine.noun import Noun
from engine.occasion import Occasion
from engine.sources.calendar.expand import Expanded, expand
from engine.sources.calendar.split import Chunk, Chunks, digest, merge, split
from engine.sources.calendar.trouble import Trouble

#: How far ahead a feed is expanded, and how much of that may be used up before it is expanded further.
HORIZON = timedelta(days=35)
SLACK = timedelta(days=5)
#: Counts up when the expansion itself changes, so that everything is expanded once more.
EXPANSION = 2
#: What does not recur is expanded once, however far ahead it is.
_FAR = datetime(9000, 1, 1, tzinfo=UTC)
_FOR_EVER = 2**53

Window = tuple[datetime, datetime]
"""Aware; from a little before now, because an alarm may ring after its appointment, to `HORIZON` ahead."""


class Entry(NamedTuple):
    """What is remembered of one appointment."""

    hash: str
    content: str
    """What it is known by when its server invents a new UID at each fetch."""
    until: int
    """Unix seconds up to which it is expanded."""
    troubles: tuple[str, ...] = ()


class FeedState(Noun):
    """What is remembered of a feed between two polls; it is kept by whoever calls, as JSON."""

    expansion: int = 0
    zone: str = ""
    digest: str = ""
    """Of the text, once all of it is expanded."""
    until: int = 0
    """Unix seconds up to which all of it is expanded."""
    entries: dict[str, Entry] = Field(default_factory=dict)
    troubles: tuple[str, ...] = ()
    """Of the feed itself."""

    def __reduce__(self) -> tuple[object, ...]:
        """As JSON: to pickle ten thousand tuples for another process would hold up this one for 30 ms."""
        return FeedState.model_validate_json, (self.model_dump_json(),)


class Survey(NamedTuple):
    """What is to be done: the appointments to expand, under the UIDs they are known by, and the UIDs gone."""

    digest: str
    due: tuple[Chunk, ...]
    left: int
    """How many more are due than were asked for."""
    gone: tuple[str, ...]
    troubles: tuple[str, ...]


class Refreshed(NamedTuple):
    """One poll's outcome. The occasions of a UID replace those it had from the window's start on."""

    state: FeedState
    gone: tuple[str, ...]
    occasions: dict[str, tuple[Occasion, ...]]
    """Of each UID that changed, or whose window was used up."""
    troubles: tuple[Trouble, ...]
    """All that is wrong with the feed, not only with what changed."""


def plan(old: FeedState, texts: Sequence[str], zone: str, window: Window, *, feed: str = "") -> Refreshed:
    """Compare a feed with what is remembered of it and expand what is due, here and now; `read` does it elsewhere.

    `texts`: the calendar, or the objects of a CalDAV collection. `zone`: the account's.
    Raises SourceError when a single text is no whole calendar; one bad object of many is a trouble.
    """
    found = survey(old, texts, zone, window)
    return advance(
        old, found, {chunk.uid: expand_due(chunk, zone, window, feed) for chunk in found.due}, zone, window
    )


def survey(old: FeedState, texts: Sequence[str], zone: str, window: Window, most: int | None = None) -> Survey:
    """What is due, at most so many. What is unchanged costs one hash of the text."""
    mark, same = digest(texts), old.zone == zone and old.expansion == EXPANSION
    if same and old.digest == mark and old.until >= _soonest(window):
        return Survey(mark, (), 0, (), old.troubles)
    chunks, troubles = _split(texts)
    known = {chunk.uid: chunk for chunk in _known(old, chunks)}
    due = [
        chunk
        for uid, chunk in known.items()
        if not same
        or (entry := old.entries.get(uid)) is None
        or entry.hash != chunk.hash
        or entry.until < _soonest(window)
    ]
    gone = tuple(uid for uid in old.entries if uid not in known)
    return Survey(mark, tuple(due[:most]), len(due) - len(due[:most]), gone, troubles)


def expand_due(chunk: Chunk, zone: str, window: Window, feed: str) -> Expanded:
    """Its occurrences in the window; of one that does not recur, those after it as well."""
    return expand(chunk, zone, window[0], window[1] if chunk.recurs else _FAR, feed=feed)


def advance(old: FeedState, found: Survey, done: dict[str, Expanded], zone: str, window: Window) -> Refreshed:
    """What is remembered after the survey's chunks were expanded, and what to tell. `done` holds each by its UID."""
    fresh = old.zone != zone or old.expansion != EXPANSION
    gone = set(found.gone)
    # After a change of zone, what is not done yet must not look as if it were.
    entries = {
        uid: entry._replace(until=0) if fresh else entry for uid, entry in old.entries.items() if uid not in gone
    }
    for chunk in found.due:
        troubles = tuple(trouble.what for trouble in done[chunk.uid].troubles)
        # What went wrong is tried again when the window moves on: the machine may have been at fault.
        until = int(window[1].timestamp()) if chunk.recurs or troubles else _FOR_EVER
        entries[chunk.uid] = Entry(chunk.hash, chunk.content, until, troubles)
    state = FeedState.model_construct(
        expansion=EXPANSION,
        zone=zone,
        digest="" if found.left else found.digest,
        until=min((entry.until for entry in entries.values()), default=_FOR_EVER),
        entries=entries,
        troubles=found.troubles,
    )
    occasions = {uid: expanded.occasions for uid, expanded in done.items()}
    return Refreshed(state, found.gone, occasions, troubles_of(state))


def troubles_of(state: FeedState) -> tuple[Trouble, ...]:
    """All that is known to be wrong with a feed, in words for its owner."""
    own = tuple(Trouble(uid="", what=what) for what in state.troubles)
    return own + tuple(Trouble(uid=uid, what=what) for uid, entry in state.entries.items() for what in entry.troubles)


def _soonest(window: Window) -> int:
    """Unix seconds up to which everything must be expanded."""
    return int((window[1] - SLACK).timestamp())


def _split(texts: Sequence[str]) -> tuple[Chunks, tuple[str, ...]]:
    if len(texts) == 1:
        return split(texts[0]), ()
    parts, troubles = [], []
    for text in texts:
        try:
            parts.append(split(text))
        except SourceError as error:
            troubles.append(f"one of its objects is left out: {error.message}")
    return merge(parts), tuple(troubles)


def _known(old: FeedState, chunks: Chunks) -> list[Chunk]:
    """The chunks under the UIDs they had first: one with a new UID that says what a vanished one said is that one."""
    vanished: defaultdict[str, list[str]] = defaultdict(list)
    for uid, entry in old.entries.items():
        if uid not in chunks:
            vanished[entry.content].append(uid)
    known = []
    for uid, chunk in chunks.items():
        same = vanished.get(chunk.content) if vanished and uid not in old.entries else None
        known.append(chunk._replace(uid=same.pop(0)) if same else chunk)
    return known

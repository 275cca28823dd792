"""Windows of time, and which of them cover a moment."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime

from engine.rules.when.window import Window

#: Answers that are kept.
_KEPT = 1_024


class Moments:
    """Windows with their clues. On one day nothing changes between the hours at which one of them begins or ends."""

    def __init__(self, windows: Iterable[tuple[Window, int]] = ()) -> None:
        self._windows = [*windows]
        clocks = {clock for window, _ in self._windows for hours in window.between for clock in hours}
        self._cuts = sorted(clocks)
        self._known: dict[tuple[date, int], tuple[int, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._windows)

    def covering(self, moment: datetime) -> tuple[int, ...]:
        """The clues of the windows that cover a moment, by the clock that counts."""
        clock = f"{moment.hour:02}:{moment.minute:02}"
        key = moment.date(), bisect_right(self._cuts, clock)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = tuple(clue for window, clue in self._windows if window.covers(moment))
        return found

"""Ranges of sizes, and which of them a size lies in."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from engine.rules.when.comparison import Range


class Bounds:
    """Ranges by their sorted bounds, so that those a size does not reach cost nothing."""

    def __init__(self, ranges: Iterable[tuple[Range, int]] = ()) -> None:
        """Each range with its clue."""
        ranges = [*ranges]
        least = sorted((low or 0, clue) for (low, high), clue in ranges if high is None)
        most = sorted((high, clue) for (low, high), clue in ranges if low is None and high is not None)
        both = sorted((low, high, clue) for (low, high), clue in ranges if low is not None and high is not None)
        self._least, self._from = [low for low, _ in least], [clue for _, clue in least]
        self._most, self._to = [high for high, _ in most], [clue for _, clue in most]
        self._lows, self._both = [low for low, _, _ in both], [(high, clue) for _, high, clue in both]

    def around(self, size: int) -> Iterator[int]:
        """The clues of the ranges that a size lies in."""
        yield from self._from[: bisect_right(self._least, size)]
        yield from self._to[bisect_left(self._most, size) :]
        for high, clue in self._both[: bisect_right(self._lows, size)]:
            if size <= high:
                yield clue

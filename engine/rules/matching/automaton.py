"""Many literals looked for at once. The only door to the Aho-Corasick automaton."""

from collections.abc import Sequence

import ahocorasick_rs

#: Up to so many bytes of literals the automaton is a plain table, four times as fast, of 1 KB a byte at most.
SMALL = 4_096


class Automaton:
    """Finds which of its literals stand in a text, in one walk over it whatever their number."""

    __slots__ = ("_clues", "_find")

    def __init__(self, literals: Sequence[tuple[str, int]]) -> None:
        """Each literal with its clue."""
        sought, kinds = [carry(literal) for literal, _ in literals], ahocorasick_rs.Implementation
        built = ahocorasick_rs.BytesAhoCorasick(
            sought, implementation=kinds.DFA if sum(map(len, sought)) <= SMALL else kinds.ContiguousNFA
        )
        self._clues = [clue for _, clue in literals]
        self._find = built.find_matches_as_indexes

    def scan(self, carried: bytes) -> list[int]:
        """The clues of the literals in a text (see `carry`); of one that stands there twice, twice."""
        clues = self._clues
        return [clues[match[0]] for match in self._find(carried, overlapping=True)]


def carry(text: str) -> bytes:
    """A text as an automaton reads it. Half a surrogate pair is a character like any other."""
    return text.encode("utf-8", "surrogatepass")

"""What one filter asks and does, whatever program wrote it."""

from dataclasses import dataclass
from typing import NamedTuple

from engine.importers.when import When


class UnlikeError(Exception):
    """Something here has no like among our conditions. `line` counts from 1, 0 is: where the filter stands.

    `harmless`: without it no later rule tells more than it did, since nothing comes after it, or since it holds for
    nothing but spam, which never stands in a folder that is watched.
    """

    def __init__(self, reason: str, line: int = 0, *, harmless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.harmless = harmless


class Left(NamedTuple):
    """What was not converted: a whole filter, or with `part` something of one that was."""

    line: int
    name: str
    reason: str
    part: bool = False


#: The branches that lead to a step: (which if, which branch of it). Two branches of one if exclude each other.
Branches = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Step:
    """One filter, or one block of a script, in the order in which they run."""

    line: int
    name: str
    when: When | UnlikeError
    tells: bool = False
    """It notifies, forwards or marks as important."""
    ends: bool = False
    """No later step is asked about this mail."""
    discards: bool = False
    """The mail goes where nobody sees it."""
    enabled: bool = True
    does: tuple[str, ...] = ()
    """The actions in the words of the program, for the list of what is left out."""
    lane: int = 0
    """How urgent, 1 to 3; 0: it does not say."""
    text: str = ""
    notes: tuple[Left, ...] = ()
    """Parts of it that no rule can have."""
    branches: Branches = ()

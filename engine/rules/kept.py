"""What was made of the files of rules, for the next reading: a file that is as it was is not read again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from engine.document import Document, Path, Problem, read
from engine.rules.ready import Ground
from engine.rules.ruleset import ReadyRule, Ruleset


@dataclass
class Page:
    """A file as it was found. It is parsed when somebody asks for its document, and once."""

    file: str
    raw: bytes

    @cached_property
    def document(self) -> Document:
        """What the reader makes of it."""
        return read(self.raw, self.file)

    @cached_property
    def digest(self) -> bytes:
        """Tells it from any other content."""
        return sha256(self.raw).digest()


@dataclass(frozen=True, slots=True)
class Made:
    """What a file without an error, and without caps for others, became."""

    digest: bytes
    ground: Ground
    rules: tuple[ReadyRule, ...]
    names: tuple[str, ...]
    """By which tests may call its rules."""
    ids: Mapping[str, Path]
    """Of its rules, also of those that are switched off, and where each stands."""
    problems: tuple[Problem, ...]
    """Warnings."""
    tested: bool
    """Whether it has tests, which name rules of other files too."""


@dataclass
class Kept:
    """What the last readings made, and the rules that are in force."""

    in_force: Ruleset = field(default_factory=Ruleset)
    files: dict[str, Made] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of every scope, when the names in tests were last looked up without a mistake."""
    owners: Collection[str] = ()

    def made_of(self, page: Page, ground: Ground) -> Made | None:
        """What became of this content on this ground; None if it was not seen yet."""
        made = self.files.get(page.file)
        known = made is not None and made.digest == page.digest and _alike(made.ground, ground)
        return made if known else None


def _alike(one: Ground, other: Ground) -> bool:
    """Whether rules become the same on both. Caps count, not where they stand."""
    caps = [[capped.caps for capped in ground.capped] for ground in (one, other)]
    return caps[0] == caps[1] and (one.book, one.owners, one.whole) == (other.book, other.owners, other.whole)

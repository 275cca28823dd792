"""What an attachment must be."""

from dataclasses import dataclass

from engine.event import Attachment
from engine.rules.when.comparison import Range, inside
from engine.rules.when.fold import fold
from engine.rules.when.pattern import fits


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment must meet all of this. What is left empty is not asked."""

    names: tuple[str, ...] = ()
    """Folded globs for its file name."""
    types: tuple[str, ...] = ()
    """Folded globs for its media type: ``image/*``."""
    size: Range | None = None
    """Of its bytes, as far as the mail says."""

    def meets(self, attachment: Attachment) -> bool:
        """Whether this one is such an attachment."""
        return (
            (not self.names or _fits_one(self.names, attachment.name))
            and (not self.types or _fits_one(self.types, attachment.media_type))
            and (self.size is None or inside(attachment.size, self.size))
        )


def _fits_one(globs: tuple[str, ...], text: str) -> bool:
    folded = fold(text).strip()
    return any(fits(glob, folded) for glob in globs)

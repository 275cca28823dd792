"""What a gate answers besides yes and no: not now, or not alone."""

from dataclasses import dataclass
from datetime import datetime

from engine.digest import DigestKey
from engine.reason import Reason


@dataclass(frozen=True)
class Hold:
    """Nothing is reserved; at `wake_at` every gate is asked again."""

    reason: Reason
    wake_at: datetime


@dataclass(frozen=True)
class Collect:
    """It is told with others, by the digest of this key that is due at `due_at` unless one stands open already."""

    reason: Reason
    key: DigestKey
    due_at: datetime
    max_items: int = 50
    """So many are named; what is beyond is counted."""


#: What a gate says: nothing against it, a no, not now, or not alone.
Answer = Reason | Hold | Collect | None

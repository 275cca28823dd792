"""Which of several providers carries a message, and who takes over. Pure, and the same for the same message."""

import math
from collections.abc import Mapping, Sequence
from uuid import UUID

from engine.identity import derive

#: The first 48 bits of a uuid5 are all chance (RFC 9562 section 5.5).
_PLACES = 2.0**48


def share_out(shares: Mapping[str, int], health: Mapping[str, float], key: UUID) -> Sequence[str]:
    """The providers in the order in which they are to try; `health`: 0 (leave it alone) to 1, unknown ones are well.

    Each gets its share of all messages, less what it has proved unable to do: at half of its calls good it gets half
    of its share, and with its breaker open nothing. Those that stand by (share 0) come when all others are left
    alone; where everybody is, the order stands as it was written and the message waits. Rendezvous hashing, so that
    a change of one provider's weight moves as few messages as can be.
    """
    weights = {name: share * health.get(name, 1.0) for name, share in shares.items()}
    drawn = sorted((name for name in shares if weights[name] > 0), key=lambda name: _place(weights[name], name, key))
    idle = [name for name in shares if not shares[name] and health.get(name, 1.0) > 0]
    left = [name for name in shares if name not in drawn and name not in idle]
    return (*drawn, *idle, *sorted(left, key=lambda name: -shares[name]))


def _place(weight: float, name: str, key: UUID) -> float:
    """The least of these wins as often as its weight says."""
    drawn = ((derive("share", str(key), name).int >> 80) + 0.5) / _PLACES
    return -math.log(drawn) / weight

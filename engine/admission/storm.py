"""What is beyond a daily cap is told by one digest: a storm costs no more than the cap and a message."""

from datetime import timedelta

from engine.admission.later import Answer, Collect
from engine.admission.standing import Standing
from engine.digest import DigestKey
from engine.reason import Reason
from engine.wall import midnight_after

#: So soon its receiver hears of a storm. What comes after that on the same day is told when the day is over.
SOON = timedelta(minutes=10)


def sum_up(reason: Reason, key: DigestKey, standing: Standing) -> Answer:
    """Into the digest of a cap."""
    over = midnight_after(standing.now, standing.zone)
    return Collect(reason, key, over if key in standing.summed_up else min(over, standing.now + SOON))

"""When a person is not to be disturbed."""

from typing import Literal

from engine.noun import Noun


class QuietHours(Noun):
    """From `start` to `end` by the receiver's clock (HH:MM; across midnight when the end is earlier)."""

    start: str
    end: str
    then: Literal["hold", "drop", "email"] = "hold"

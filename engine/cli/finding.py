"""One line of `tocsin doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: where, whether it is well, what was found, what to do."""

    ok: bool
    place: str
    message: str
    remedy: str = ""

"""Whether a `tocsin run` is up on an installation."""

import os
from pathlib import Path

from engine.errors import StreamError
from engine.transport.lock import lock


def embedded(stream: str) -> Path | None:
    """The file of an embedded stream; None for a stream that other machines share."""
    scheme, _, rest = stream.partition(":///")
    return Path(rest) if scheme == "sqlite" else None


def runs(stream: str) -> bool | None:
    """True or false for an embedded stream, whose lock tells; None where only the broker could know."""
    file = embedded(stream)
    if file is None:
        return None
    if not file.exists():
        return False
    try:
        os.close(lock(file))
    except StreamError:
        return True
    return False

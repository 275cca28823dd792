"""One process per stream: a second one is refused, not let in to corrupt the first one's offsets."""

import fcntl
import os
from pathlib import Path

from engine.errors import StreamError


def lock(file: Path) -> int:
    """Take `<file>.lock` for this process and answer its descriptor; closing it gives the lock back.

    The kernel gives it back when the process ends, however it ends, so a stale lock cannot exist; the
    lock file itself is never removed, because removing it would let two processes lock two different
    files of one name. Raises StreamError when another process holds it or the place cannot be written.
    """
    place = file.with_name(file.name + ".lock")
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StreamError(
            f"the stream's lock cannot be opened: {error.strerror}",
            place=str(file),
            remedy="name a file in a folder that exists and that this user may write to",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise StreamError(
            "another `tocsin run` holds this stream" + (f" (process {holder})" if holder else ""),
            place=str(file),
            remedy="stop the other one, or give this one a stream file of its own",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor

"""Files as they are: a pipe or a device in a file's place is an error, and a loop of links harms nobody."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_plain(path: Path) -> BinaryIO:
    """The file, open for reading. Raises OSError when it cannot be read, also when it is a pipe or a device."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
    return file


def real(path: Path | str) -> Path:
    """The path itself, absolute and without links. `Path.resolve` raises at a loop of links; this leaves it in."""
    return Path(os.path.realpath(path))

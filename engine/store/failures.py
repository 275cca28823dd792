"""What a database's errors mean: try again, tell a person what to mend, or a defect of ours."""

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from engine.errors import StoreError
from engine.store.engines import PATIENCE, shown


class ContendedError(Exception):
    """Another process was quicker with the same rows: the unit of work is to be run again, and finds them."""


#: PostgreSQL's names for "somebody was in the way, the same again may work": serialization failure, deadlock.
_AGAIN = {"40001", "40P01"}


def is_contended(error: BaseException) -> bool:
    """Whether the same unit of work may well succeed when it is run again now."""
    return isinstance(error, ContendedError) or _sqlstate(error) in _AGAIN


def is_lost(error: BaseException) -> bool:
    """Whether the connection was lost under the unit of work."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def translate(error: BaseException, url: str) -> BaseException:
    """What the world did becomes a StoreError; a defect of ours (a broken constraint) stays what it is."""
    place = shown(url)
    if isinstance(error, sa.exc.TimeoutError):  # every connection of the pool is in use
        return StoreError("too many readers at once", place=place, remedy="try again")
    if is_contended(error):
        return StoreError("other workers are in the way again and again", place=place, remedy="try again")
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return error
    if isinstance(error, ProgrammingError) and not error.connection_invalidated:
        return error
    text = str(error.orig).strip()
    state = _sqlstate(error)
    if state == "53100" or "full" in text:
        return StoreError("the disk is full", place=place, remedy="free some space; nothing was lost")
    if state == "25006" or "readonly" in text:
        return StoreError(f"cannot be written: {text}", place=place, remedy="check who owns the file and folder")
    if state in ("55P03", "57014") or "locked" in text:
        return StoreError(
            f"another process has held it for more than {PATIENCE:.0f} s", place=place, remedy="try again"
        )
    return _unusable(text, place) if url.startswith("sqlite") else _unreachable(text, place)


def _unusable(text: str, place: str) -> StoreError:
    """A SQLite file that is none, is damaged, or cannot be opened."""
    if "malformed" in text or "not a database" in text:
        remedy = "put it aside, and put your last copy in its place: docs/operations.md, Backup"
        return StoreError(f"the store's file is damaged: {text}", place=place, remedy=remedy)
    return StoreError(
        f"the store's file cannot be used: {text}",
        place=place,
        remedy="see that it is a file on a disk that works, and whose it is",
        unreachable=True,
    )


def _unreachable(text: str, place: str) -> StoreError:
    """A server that is down, or does not want us; only the first line, the others guess."""
    first = text.splitlines()[0] if text else "the connection was lost"
    for words, remedy in (
        ("password authentication failed", "put the right password into the store's URL, or into ~/.pgpass"),
        ("no password supplied", "put the password into the store's URL, or into ~/.pgpass"),
        ("pg_hba.conf", "let this machine in, in the server's pg_hba.conf"),
        ("role ", "createuser makes a user of PostgreSQL"),
        ("database ", f"createdb {place.rpartition('/')[2]}"),
    ):
        if words in first and ("FATAL" in first or "no password" in first):
            return StoreError(f"PostgreSQL refuses: {_without_place(first)}", place=place, remedy=remedy)
    return StoreError(
        f"the database failed: {_without_place(first)}",
        place=place,
        remedy="see that it runs and can be reached; the engine goes on by itself when it is back",
        unreachable=True,
    )


def _without_place(text: str) -> str:
    """libpq begins with the address, which stands in front already."""
    return text.partition("failed: ")[2] or text


def _sqlstate(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")

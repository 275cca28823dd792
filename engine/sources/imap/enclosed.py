"""The bytes of files that stand in a mail, asked for by section. Nothing is marked as read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.sources.imap.session import Session
from engine.sources.imap.structure import read_structure
from engine.sources.imap.words import decode_base64, decode_quoted_printable

#: Asked for at a time: what a server sends in one piece is bounded (`engine/sources/imap/wire.py`).
_PIECE = 512 * 1024
_SECTION = re.compile(r"[1-9][0-9]{0,3}(\.[1-9][0-9]{0,3}){0,40}")
#: 76 letters and a line end carry 57 bytes (RFC 2045 6.8); quoted-printable is no file's usual dress.
_LONGER = 78 / 57


@dataclass(frozen=True)
class Wanted:
    """Which sections, and how many bytes at most, of all together."""

    sections: Sequence[str]
    most: int


@dataclass(frozen=True)
class Found:
    """What is there. A section that is in neither is not there."""

    bodies: Mapping[str, bytes] = field(default_factory=dict)
    large: frozenset[str] = frozenset()
    """These alone, or with the ones before them, are more than was wanted."""


def fetch_sections(session: Session, folder: str, uidvalidity: int, uid: int, wanted: Wanted) -> Found:
    """The decoded bytes of these sections of a mail; nothing when the mail is no longer there. Blocking.

    Raises LostError, DeniedError, UnreadableError, MissingError.
    """
    if session.examine(folder).uidvalidity != uidvalidity:
        return Found()
    rows = session.fetch([uid], ("UID", "BODYSTRUCTURE"), proof=b"BODYSTRUCTURE")
    structure = read_structure(rows[uid].get(b"BODYSTRUCTURE")) if uid in rows else None
    encodings = structure.encodings if structure else {}
    bodies: dict[str, bytes] = {}
    large: set[str] = set()
    left = wanted.most
    for section in wanted.sections:
        if section not in encodings or _SECTION.fullmatch(section) is None:
            continue
        raw = _fetch(session, uid, section, int(left * _LONGER) + 1024)
        body = b"" if raw is None else _decode(raw, encodings[section])
        if raw is None or len(body) > left:
            large.add(section)
        elif body:
            bodies[section] = body
            left -= len(body)
    return Found(bodies, frozenset(large))


def _fetch(session: Session, uid: int, section: str, most: int) -> bytes | None:
    """A section as it is written, in pieces; None when it is longer than `most`."""
    raw = bytearray()
    while len(raw) <= most:
        piece = _piece(session, uid, section, len(raw))
        raw += piece
        if len(piece) < _PIECE:
            return bytes(raw)
    return None


def _piece(session: Session, uid: int, section: str, start: int) -> bytes:
    proof = f"BODY[{section}]".encode()
    rows = session.fetch([uid], ("UID", f"BODY.PEEK[{section}]<{start}.{_PIECE}>"), proof=proof)
    for name, value in rows.get(uid, {}).items():
        if isinstance(name, bytes) and name.upper().startswith(proof):
            return value if isinstance(value, bytes) else b"" if value is None else str(value).encode()
    return b""


def _decode(raw: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return decode_base64(raw)
    return decode_quoted_printable(raw) if encoding == "quoted-printable" else raw

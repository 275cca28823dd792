"""What is asked of the server for each mail: little, and never more than about 200 kB however large the mail is."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.event import MOST_TEXT_BYTES, MailArrived
from engine.position import RING, Position
from engine.sources.imap.mailbox import Late
from engine.sources.imap.parse import EMPTY, Content, complete, join_texts, parse_mail, read_message_id, read_text
from engine.sources.imap.session import Session
from engine.sources.imap.structure import Structure, read_structure
from engine.sources.imap.trouble import DeniedError, LostError, UnreadableError

BATCH = 50
_FIRST = 64 * 1024
#: Encoded text is longer than its letters; what is beyond is cut anyway.
_MOST_SECTION = 2 * MOST_TEXT_BYTES
_WHOLE = ("UID", "RFC822.SIZE", "INTERNALDATE", f"BODY.PEEK[]<0.{_FIRST}>")
_BARE = ("UID", "RFC822.SIZE", "INTERNALDATE")
_TRACE = ("UID", "RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")


@dataclass(frozen=True)
class Mail:
    """One mail as it was fetched; `content` is empty for a mail that the server cannot show."""

    uid: int
    size: int = 0
    arrived_at: datetime | None = None
    content: Content = EMPTY
    raw: bytes = b""
    """Its first 64 kB as they are, when they were asked for."""


def fetch_mails(session: Session, uids: Sequence[int], *, raw: bool = False) -> list[Mail]:
    """Fetch and read these mails; those that are gone are missing from the answer. Blocking.

    An answer that cannot be read is asked for in halves until the mail that causes it stands alone.
    Raises LostError when the connection broke, or the server says that it cannot at the moment.
    """
    try:
        rows = session.fetch(uids, _WHOLE, proof=b"BODY[]")
    except (UnreadableError, DeniedError) as error:
        if isinstance(error, DeniedError) and (error.passing or len(uids) == 1):
            raise LostError(error.message, place=error.place) from error
        if len(uids) == 1:
            return fetch_bare(session, uids[0])
        half = len(uids) // 2
        return fetch_mails(session, uids[:half], raw=raw) + fetch_mails(session, uids[half:], raw=raw)
    return [_read_row(session, uid, rows[uid], keep=raw) for uid in uids if uid in rows]


def fetch_bare(session: Session, uid: int) -> list[Mail]:
    """Only what the server's index knows of a mail that it cannot show. Blocking."""
    try:
        rows = session.fetch([uid], _BARE, proof=b"RFC822.SIZE")
    except (UnreadableError, DeniedError):
        return [Mail(uid)]
    return [Mail(uid, _size(rows[uid]), _date(rows[uid]))] if uid in rows else []


def fetch_traces(session: Session, uids: Sequence[int]) -> dict[int, tuple[str, datetime | None]]:
    """The fingerprint and the arrival of each mail, for telling old from new after a renumbering. Blocking."""
    traces: dict[int, tuple[str, datetime | None]] = {}
    for start in range(0, len(uids), BATCH):
        for uid, row in session.fetch(uids[start : start + BATCH], _TRACE, proof=b"BODY[HEADER").items():
            raw = _item(row, b"BODY[HEADER")
            message_id = read_message_id(raw.partition(b":")[2].strip())
            traces[uid] = fingerprint(message_id, _date(row), _size(row)), _date(row)
    return traces


def fingerprint(message_id: str, arrived_at: datetime | None, size: int) -> str:
    """What stays the same of a mail when a server numbers its folder anew."""
    when = int(arrived_at.timestamp()) if arrived_at else 0
    return hashlib.blake2b(f"{message_id}|{when}|{size}".encode(), digest_size=8).hexdigest()


def make_events(
    mails: Iterable[Mail],
    *,
    account: str,
    host: str,
    user: str,
    folder: str,
    uidvalidity: int,
    late: Late,
    trusted: tuple[str, ...],
    clock: Callable[[], datetime],
) -> list[MailArrived]:
    """The events of these mails. A late one is told too, marked with what its owner wants then."""
    now = clock()
    return [
        MailArrived(
            account=account,
            host=host,
            user=user,
            folder=folder,
            uidvalidity=uidvalidity,
            uid=mail.uid,
            arrived_at=mail.arrived_at or now,
            read_at=now,
            late=late.then if mail.arrived_at and now - mail.arrived_at > late.after else None,
            message_id=mail.content.message_id,
            sender=mail.content.sender,
            to=mail.content.to,
            cc=mail.content.cc,
            reply_to=mail.content.reply_to,
            delivered_to=mail.content.delivered_to,
            subject=mail.content.subject,
            headers=mail.content.headers,
            text=mail.content.text,
            truncated=mail.content.truncated,
            attachments=mail.content.attachments,
            size=mail.size,
            trusted=trusted,
        )
        for mail in mails
    ]


def _read_row(session: Session, uid: int, row: Mapping[bytes, Any], *, keep: bool) -> Mail:
    raw = _item(row, b"BODY[]")
    size = _size(row) or len(raw)
    whole = len(raw) < _FIRST or size <= len(raw)
    content = parse_mail(raw, whole=whole)
    if not whole:
        content = _ask_more(session, uid, content)
    return Mail(uid, size, _date(row), content, raw if keep else b"")


def _ask_more(session: Session, uid: int, content: Content) -> Content:
    """A large mail: its attachments from BODYSTRUCTURE, its text by section if it was not in the beginning."""
    try:
        rows = session.fetch([uid], ("UID", "BODYSTRUCTURE"), proof=b"BODYSTRUCTURE")
        structure = read_structure(rows[uid].get(b"BODYSTRUCTURE")) if uid in rows else None
        if structure is None:
            return content
        text, cut = content.text, content.truncated
        if content.text_cut and structure.texts:
            text, cut = _fetch_text(session, uid, structure)
        return complete(content, text, cut, structure.attachments)
    except (UnreadableError, DeniedError):
        return content  # the beginning has to do


def _fetch_text(session: Session, uid: int, structure: Structure) -> tuple[str, bool]:
    """The first text that says something: the plain ones come first."""
    for part in structure.texts[:2]:
        item = f"BODY.PEEK[{part.section}]<0.{_MOST_SECTION}>"
        proof = f"BODY[{part.section}]".encode()
        rows = session.fetch([uid], ("UID", item), proof=proof)
        body = _item(rows.get(uid, {}), proof)
        text, cut = join_texts([read_text(body, part.encoding, part.charset, part.media_type)])
        if text:
            return text, cut or part.size > len(body)
    return "", False


def _item(row: Mapping[bytes, Any], name: bytes) -> bytes:
    """A body item's bytes; NIL and numbers (a body of digits only) are understood."""
    value = next(
        (value for key, value in row.items() if isinstance(key, bytes) and key.upper().startswith(name)), b""
    )
    return value if isinstance(value, bytes) else b"" if value is None else str(value).encode()


def _size(row: Mapping[bytes, Any]) -> int:
    value = row.get(b"RFC822.SIZE")
    return value if isinstance(value, int) else 0


def _date(row: Mapping[bytes, Any]) -> datetime | None:
    """INTERNALDATE in UTC; None when the server gave none that is a date."""
    value = row.get(b"INTERNALDATE")
    if not isinstance(value, datetime) or value.tzinfo is None or abs(value.year - 2000) > 500:
        return None
    return value.astimezone(UTC)


def cap(moment: datetime | None, now: datetime) -> datetime | None:
    """A moment, but not in the future: one mail with a false date must not hide the ones after it."""
    return min(moment, now) if moment is not None else None


def advance(position: Position, mails: Sequence[Mail], last_uid: int, now: datetime) -> Position:
    """The position after these mails have been told."""
    if not mails:
        return position.model_copy(update={"last_uid": max(position.last_uid, last_uid)})
    traces = tuple(fingerprint(mail.content.message_id, mail.arrived_at, mail.size) for mail in mails)
    dates = [date for date in (position.newest_at, *(mail.arrived_at for mail in mails)) if date is not None]
    return Position(
        uidvalidity=position.uidvalidity,
        last_uid=max(position.last_uid, last_uid),
        newest_at=cap(max(dates, default=None), now),
        recent=(position.recent + traces)[-RING:],
    )

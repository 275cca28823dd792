"""Mail that lies in files: one mail, an mbox (RFC 4155), a Maildir. Read by one and by time, never written."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from engine.errors import SourceError
from engine.event import MailArrived
from engine.sources.imap.mime import Headers, split_headers
from engine.sources.imap.parse import parse_mail

#: Of a larger mail only so much is read; its text and its first attachments are in it.
MOST_BYTES = 32 * 1024 * 1024
_CHUNK = 1024 * 1024
#: So much of a mail is looked through for its date: what is beyond is not the head any more.
_HEAD = 16 * 1024
#: ``From sender date``; the blank line before it is looked for apart (RFC 4155 appendix A).
_FROM_LINE = re.compile(rb"From [^\r\n]{0,500}?\d\d:\d\d[^\r\n]{0,60}\r?\n")
_LONGEST_LINE = 600
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Entry(NamedTuple):
    """Where one mail lies, and when it arrived (seconds since 1970)."""

    at: float
    file: str
    start: int
    length: int


def scan_mbox(path: Path) -> list[Entry]:
    """Every mail of an mbox, by time. About 150 bytes of memory a mail. Raises SourceError."""
    try:
        with path.open("rb") as file:
            ends = [*_starts(path), path.stat().st_size]
            return sorted(_entry(file, str(path), start, end - start) for start, end in pairwise(ends))
    except OSError as error:
        raise _unreadable(path, error) from None


def scan_maildir(path: Path) -> list[Entry]:
    """Every mail of a Maildir (its `cur` and `new`), by time. Raises SourceError."""
    found: list[Entry] = []
    folders = [path / "cur", path / "new"]
    if not any(folder.is_dir() for folder in folders):
        raise SourceError("this is no Maildir", place=str(path), remedy="name the folder that holds `cur` and `new`")
    for folder in folders:
        try:
            names = sorted(each.path for each in os.scandir(folder) if each.is_file()) if folder.is_dir() else []
        except OSError as error:
            raise _unreadable(folder, error) from None
        for name in names:
            try:
                with Path(name).open("rb") as file:
                    found.append(_entry(file, name, 0, os.fstat(file.fileno()).st_size))
            except FileNotFoundError:
                continue  # moved or deleted since: a Maildir is alive
            except OSError as error:
                raise _unreadable(Path(name), error) from None
    return sorted(found)


def read_events(entries: Sequence[Entry], account: str, trusted: tuple[str, ...] = ()) -> Iterator[MailArrived]:
    """The mails as events, one at a time; one that is gone since is passed over."""
    for number, entry in enumerate(entries, 1):
        try:
            with Path(entry.file).open("rb") as file:
                file.seek(entry.start)
                raw = file.read(min(entry.length, MOST_BYTES))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(Path(entry.file), error) from None
        at = datetime.fromtimestamp(entry.at, UTC)
        yield read_event(raw, account, at, number=number, size=entry.length, trusted=trusted)


def read_event(
    raw: bytes,
    account: str,
    at: datetime | None = None,
    *,
    number: int = 1,
    size: int = 0,
    trusted: tuple[str, ...] = (),
) -> MailArrived:
    """The bytes of a mail as the event that a mailbox of `account` would have made of them.

    `at`: when it arrived; None: as its own headers say, or 1970. `number` stands for its UID.
    """
    first = _FROM_LINE.match(raw)
    if first is not None:
        raw = _QUOTED.sub(rb"\1", raw[first.end() :])
    size = max(size, len(raw))
    content = parse_mail(raw, whole=size <= MOST_BYTES)
    moment = at or find_date(split_headers(raw[:_HEAD])[0]) or datetime.fromtimestamp(0, UTC)
    return MailArrived(
        account=account,
        host="",
        user="",
        folder="",
        uidvalidity=1,
        uid=number,
        arrived_at=moment,
        read_at=moment,
        message_id=content.message_id,
        sender=content.sender,
        to=content.to,
        cc=content.cc,
        reply_to=content.reply_to,
        delivered_to=content.delivered_to,
        subject=content.subject,
        headers=content.headers,
        text=content.text,
        truncated=content.truncated,
        attachments=content.attachments,
        size=size,
        trusted=trusted,
    )


def find_date(headers: Headers) -> datetime | None:
    """When the last server took the mail (the topmost Received), else when it was written (Date); in UTC."""
    for name, value in headers:
        if name.lower() == b"received" and (moment := _read_date(value.rpartition(b";")[2])):
            return moment
    return next(
        (moment for name, value in headers if name.lower() == b"date" and (moment := _read_date(value))), None
    )


def _read_date(raw: bytes) -> datetime | None:
    try:
        moment = parsedate_to_datetime(raw[:200].decode("ascii", "replace").strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return moment if 1970 <= moment.year < 2200 else None


def _entry(file: BinaryIO, name: str, start: int, length: int) -> Entry:
    """What is known of a mail from its head. The head's own dates first: a copied file has the copy's."""
    file.seek(start)
    head = file.read(min(length, _HEAD))
    moment = find_date(split_headers(head)[0])
    if moment is None:
        line = _FROM_LINE.match(head)
        moment = _read_date(line[0].split(None, 2)[-1]) if line and len(line[0].split(None, 2)) == 3 else None
    return Entry(moment.timestamp() if moment else os.fstat(file.fileno()).st_mtime, name, start, length)


def _starts(path: Path) -> Iterator[int]:
    """Where each mail of an mbox begins: at a `From ` line after a blank one. Read in pieces."""
    mark = b"\nFrom "
    with path.open("rb") as file:
        # as if a blank line stood before the file
        buffer, base, here = b"\n\n", -2, 0
        while True:
            chunk = file.read(_CHUNK)
            buffer += chunk
            # a line that may go on in the next piece is looked at with that one
            limit = max(len(buffer) - _LONGEST_LINE, here) if chunk else len(buffer)
            while 0 <= (at := buffer.find(mark, here)) < limit:
                here = at + 1
                if buffer[max(at - 2, 0) : at].endswith((b"\n", b"\n\r")) and _FROM_LINE.match(buffer, here):
                    yield base + here
            if not chunk:
                return
            cut = max(limit - 2, 0)
            buffer, base, here = buffer[cut:], base + cut, limit - cut


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"cannot be read: {error.strerror or type(error).__name__}",
        place=str(path),
        remedy="look at its name and owner",
    )

"""Bytes of a mail -> the fields of MailArrived. Pure, in linear time; whatever the network sends, it never raises."""

from dataclasses import dataclass, replace

from engine.event import MOST_HEADER_BYTES, MOST_TEXT_BYTES, Address, Attachment
from engine.sources.imap.html_text import read_html
from engine.sources.imap.mime import MOST_PARTS, Headers, Part, find_header, split_headers, split_parts
from engine.sources.imap.words import (
    clean,
    decode,
    decode_base64,
    decode_header,
    decode_quoted_printable,
    one_line,
    read_addresses,
)

_MOST_LINE = 2_000
_MOST_ID = 998
#: What JSON needs around a header.
_MARKS = 8


@dataclass(frozen=True)
class Content:
    """What a mail says. `text_cut`: a text was cut where our bytes end, and the server holds more of it."""

    message_id: str = ""
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    delivered_to: tuple[Address, ...] = ()
    subject: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    truncated: bool = False
    attachments: tuple[Attachment, ...] = ()
    text_cut: bool = False


#: Of a mail that cannot be shown.
EMPTY = Content()


def parse_mail(raw: bytes, *, whole: bool = True) -> Content:
    """Read a mail, or with ``whole=False`` its beginning."""
    headers, _ = split_headers(raw)
    shown, header_cut = _show_headers(headers)
    parts = split_parts(raw, whole=whole)
    chosen = choose_text(parts)
    text, text_cut = join_texts([_read_part(part) for part in chosen])
    inline = {part.section for part in parts if not part.attached}
    attachments = tuple(_describe(part) for part in parts if part.section not in inline)
    unfinished = not whole and (not chosen or not all(part.whole for part in chosen))
    return Content(
        message_id=read_message_id(find_header(headers, b"message-id")),
        sender=_read_sender(headers),
        to=_read_people(headers, b"to"),
        cc=_read_people(headers, b"cc"),
        reply_to=_read_people(headers, b"reply-to"),
        delivered_to=_read_people(headers, b"delivered-to"),
        subject=decode_header(find_header(headers, b"subject"))[:_MOST_LINE],
        headers=shown,
        text=text,
        truncated=header_cut or text_cut or unfinished,
        attachments=attachments[:MOST_PARTS],
        text_cut=unfinished,
    )


def complete(content: Content, text: str, cut: bool, attachments: tuple[Attachment, ...]) -> Content:
    """The content with a text and attachments that were asked of the server one by one."""
    return replace(content, text=text, truncated=cut, attachments=attachments, text_cut=False)


def choose_text(parts: list[Part]) -> list[Part]:
    """The parts to read: of each alternative the plain one unless it is blank, else the HTML; no attachments."""
    chosen: dict[str, Part] = {}
    for part in parts:
        if part.attached or part.media_type not in ("text/plain", "text/html"):
            continue
        before = chosen.get(part.group)
        if (
            before is None
            or (part.media_type == "text/plain" and before.media_type == "text/html" and _says(part))
            or (part.media_type == "text/html" and before.media_type == "text/plain" and not _says(before))
        ):
            chosen[part.group] = part
    return list(chosen.values())


def read_text(body: bytes, encoding: str, charset: str, media_type: str) -> str:
    """A text part as a person reads it."""
    if encoding == "base64":
        body = decode_base64(body)
    elif encoding == "quoted-printable":
        body = decode_quoted_printable(body)
    text = decode(body, charset)
    if media_type == "text/html":
        text = read_html(text)
    return clean(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def join_texts(texts: list[str]) -> tuple[str, bool]:
    """The texts one after the other, at most MOST_TEXT_BYTES in UTF-8; whether something was cut."""
    text = "\n\n".join(text for text in texts if text)
    data = text.encode()
    if len(data) <= MOST_TEXT_BYTES:
        return text, False
    return data[:MOST_TEXT_BYTES].decode("utf-8", "ignore"), True


def read_message_id(raw: bytes) -> str:
    """The Message-ID as it stands, on one line."""
    return one_line(decode(raw))[:_MOST_ID]


def _read_part(part: Part) -> str:
    return read_text(part.body, part.encoding, part.charset, part.media_type)


def _says(part: Part) -> bool:
    return bool(read_text(part.body[:4096], part.encoding, part.charset, part.media_type))


def _describe(part: Part) -> Attachment:
    size = len(decode_base64(part.body)) if part.encoding == "base64" else len(part.body)
    return Attachment(name=part.name, media_type=one_line(part.media_type), size=size, section=part.section)


def _read_sender(headers: Headers) -> Address | None:
    for name in (b"from", b"sender"):
        people = _read_people(headers, name)
        if people:
            return people[0]
    return None


def _read_people(headers: Headers, name: bytes) -> tuple[Address, ...]:
    raw = b", ".join(value for told, value in headers if told.lower() == name)
    return tuple(Address(name=told, address=address) for told, address in read_addresses(raw)) if raw else ()


def _show_headers(headers: Headers) -> tuple[tuple[tuple[str, str], ...], bool]:
    """All headers decoded, as many as fit; whether some did not."""
    shown: list[tuple[str, str]] = []
    room = MOST_HEADER_BYTES
    for name, raw in headers:
        pair = name.decode("ascii", "replace"), decode_header(raw[:MOST_HEADER_BYTES])
        room -= len(pair[0]) + len(pair[1].encode()) + _MARKS
        if room < 0:
            return tuple(shown), True
        shown.append(pair)
    return tuple(shown), False

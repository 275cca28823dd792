"""A mail as it leaves: text, perhaps the same as HTML, perhaps files; every byte of it is 7-bit ASCII."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from html import escape
from unicodedata import category

from engine.medium import BYTES, Medium
from engine.noun import Noun
from engine.segments import whole

#: Where a subject is cut that is made of a text.
_MOST_SUBJECT = 100
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header with an address of a page, which no mail program finds in encoded words (RFC 2047 5, RFC 2369 2)."""

    def fold(self, *, policy: Policy) -> str:
        """On one line, however long: it has no place to fold."""
        return f"List-Unsubscribe: {self}{policy.linesep}"


def _headers() -> HeaderRegistry:
    made = HeaderRegistry()
    made.map_to_type("list-unsubscribe", _Verbatim)
    return made


#: How mails are written down.
_POLICY = SMTP.clone(header_factory=_headers())


class Attachment(Noun):
    """A file that goes with a mail."""

    name: str
    kind: str
    """Its media type, like ``application/pdf``."""
    content: bytes


#: Media types whose bytes may stand in a mail as they are; `message` and `multipart` have a form of their own.
_PLAIN = re.compile(r"(application|audio|font|image|text|video)/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")


def attach(media: Sequence[Medium]) -> tuple[Attachment, ...]:
    """The files that go with a message, as they stand in a mail."""
    return tuple(
        Attachment(
            name="".join(letter if letter.isprintable() else "_" for letter in each.name),
            kind=each.media_type if _PLAIN.fullmatch(each.media_type) else BYTES,
            content=each.body,
        )
        for each in media
    )


class Letter(Noun):
    """What a mail says, to whom."""

    id: str
    """Unique for all time and the same each time this mail is composed: part of its Message-ID."""
    sender: tuple[str, str]
    """(name, address)"""
    to: str
    subject: str
    text: str
    html: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()


def subject_of(text: str) -> str:
    """The first line of a text that says anything, cut to 100 characters."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    line = " ".join("".join(each if each.isprintable() else " " for each in first).split())
    return line if len(line) <= _MOST_SUBJECT else f"{whole(line, _MOST_SUBJECT - 1).rstrip()}…"


def flaw(text: str) -> str:
    """Why this is no text that can be mailed; empty when it is."""
    for character in text:
        if character not in "\t\n\r" and category(character) in ("Cc", "Cs"):
            return f"U+{ord(character):04X} is no text"
    return ""


def compose(letter: Letter, at: datetime) -> bytes:
    """The mail's bytes with CRLF. Raises ValueError when a header would hold a line break.

    The Message-ID stays the same however often it is composed (RFC 5322 3.6.4), so that mail programs which get it
    twice can show it once; Auto-Submitted keeps others from answering it (RFC 3834 5).
    """
    name, address = letter.sender
    mail = EmailMessage(policy=_POLICY)
    local, _, domain = address.rpartition("@")
    mail["From"] = Address(name, local, domain)
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{letter.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    for field, value in letter.headers:
        mail[field] = value
    mail.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        mail.add_alternative(as_html(letter.text), subtype="html", cte="quoted-printable")
    for each in letter.attachments:
        main, _, sub = each.kind.partition("/")
        mail.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    _name_boundaries(mail, letter.id)
    return mail.as_bytes()


def as_html(text: str) -> str:
    """The text as a page of its own: same words, same lines, addresses of pages as links."""
    parts: list[str] = []
    end = 0
    for found in _LINK.finditer(text):
        link = escape(found[0])
        parts += [escape(text[end : found.start()]), f'<a href="{link}">{link}</a>']
        end = found.end()
    body = "<br>\n".join("".join([*parts, escape(text[end:])]).splitlines())
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f"<!doctype html>\n<html><head>{head}</head><body><p>{body}</p></body></html>\n"


def _name_boundaries(mail: EmailMessage, id: str) -> None:
    """A boundary that is derived, not random: the same mail is the same bytes. No line of ours begins like it."""
    parts: Sequence[EmailMessage] = [part for part in mail.walk() if part.is_multipart()]
    for index, part in enumerate(parts):
        part.set_boundary(f"=_{id}_{index}")

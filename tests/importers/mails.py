"""Mails on which filters and the rules made of them must agree."""

from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from engine.event import MailArrived
from engine.sources.imap.parse import parse_mail
from tests.builders import NOW, a_mail

_DATA = Path(__file__).parents[1] / "data" / "mail"

_SENDERS = (
    "Boss <boss@acme.example>",
    "BOSS@ACME.example",
    '"boss@acme.example" <pest@junk.example>',
    "The Chair <chair@office.example>",
    "Secretary <x@mail.bank.example>",
    "alerts@bank.example",
    "Night Watch <nightwatch@office.example>",
    "friend@home.example",
    "Shop <shop@shop.example>",
    "School <info@school.example>",
    "Big <Big@Case.example>",
    "big@case.example",
    "noreply@acme.example",
    "newsletter@news.example",
    '"Chair, The" <other@office.example>',
    "x@spam.example",
    "alerts@acme.example",
    "Sub <x@eu.acme.example>",
)
_SUBJECTS = (
    "urgent: call me",
    "URGENT order 12",
    "Invoice 2026",
    "invoice of May 2026, paid",
    "lottery: you have won",
    "Door bell",
    "door bell rings",
    "Report of the week",
    "A Report",
    "Lunch",
    "alert and alarm",
    "[#123] ticket, please call",
    "db1 is down",
    "db12 is down",
    "Parcel at the desk",
    "Paket am Montag (say (please))",
    "meeting of the board, now",
    "Überweisung fällig",
    "statement and invoicing",
    "backup failed",
    "disk full, forward me",
    "Grüße aus 日本",
    "unsubscribe me",
    "AT&T <bill>: one, two",
    "re: lunch",
    "",
    "finish",
    "my hand",
    "deadline of the sale; some day off",
)
_RECEIVERS = (
    "anna@office.example",
    "Anna <Anna@Office.example>, Bert <bert@home.example>",
    "board@office.example",
    "anna+alerts@office.example",
    "list@lists.example",
    "duty@other.example",
    "Staff <staff@acme.example>",
)
_COPIES = ("", "anna@office.example", "", "Carla <carla@acme.example>", "staff@office.example")
_HEADERS = (
    {},
    {"X-Score": "7"},
    {"List-Id": "The week <weekly.news.example>"},
    {"X-Score": "120", "X-Alert": "critical"},
    {"X-Alert": "Warning", "X-Priority": "1"},
    {"X-Spam-Flag": "YES", "X-Spam-Level": "*****"},
    {"X-Score": "0012"},
    {"X-Alert": "fatal", "X-Ticket": "9"},
    {"List-Id": "<alerts.lists.example>", "Precedence": "bulk"},
    {"X-Score": "many", "X-Any": "thing"},
    {"X-Any": "", "X-Empty": "", "X-Priority": "5 (Lowest)"},
    {"X-Stars": "five * stars of six", "Importance": "High"},
    {"X-Score": "99"},
    {"X-Stars": "five x stars", "Return-Path": "<>"},
    {"X-Score": "1", "Return-Path": "<bounce@acme.example>", "X-Mailer": "Bulk 2"},
    {"X-Spam-Known": "yes", "Sender": "pest@junk.example"},
    {"X-Score": "105x", "Auto-Submitted": "auto-generated", "Delivered-To": "anna@office.example"},
    {"X-Ticket": "4", "Reply-To": "help@shop.example"},
    {"X-Score": "19"},
)
_BODIES = (
    "Some words.",
    "Please  call.\r\nplease call now; the invoice is late.",
    "A reminder of the order, with an advertisement.",
    "backup of last night: it failed. Please do not ring.",
    "words " * 300 + "phone",
)
#: An invoice of more than a megabyte.
_LARGE = 104


class Letter(NamedTuple):
    """One mail as its bytes, with an id of its own."""

    ident: str
    raw: bytes

    def event(self, at: datetime = NOW) -> MailArrived:
        """The mail as our rules see it."""
        content = parse_mail(self.raw)
        fields = {name: getattr(content, name) for name in _FIELDS}
        return a_mail(size=len(self.raw), arrived_at=at, read_at=at, **fields)


_FIELDS = (
    "message_id",
    "sender",
    "to",
    "cc",
    "reply_to",
    "delivered_to",
    "subject",
    "headers",
    "text",
    "attachments",
)


def letters() -> list[Letter]:
    """Real ones, and ones put together so that every filter of the corpora has mails that it finds and others."""
    found = [_own(path) for path in sorted(_DATA.glob("*.eml"))]
    found += [_put_together(number) for number in range(600)]
    found.append(Letter("<gen-none@mails.example>", b"Message-ID: <gen-none@mails.example>\r\n\r\nNothing.\r\n"))
    return found


def _own(path: Path) -> Letter:
    ident = f"<{path.stem}@mails.example>"
    raw = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"message-id:")]
    return Letter(ident, b"\r\n".join([*lines, b"Message-ID: " + ident.encode()]) + b"\r\n\r\n" + body)


def _put_together(number: int) -> Letter:
    ident = f"<gen-{number}@mails.example>"
    head = {
        "Return-Path": "<sender@acme.example>" if number % 3 else "<someone@elsewhere.example>",
        "From": _SENDERS[number % len(_SENDERS)],
        "To": _RECEIVERS[number // 3 % len(_RECEIVERS)],
        "Cc": _COPIES[number // 2 % len(_COPIES)],
        "Subject": _encode(_SUBJECTS[number * 7 % len(_SUBJECTS)]),
        "Date": "Mon, 05 Jan 2026 10:00:00 +0000",
        "Message-ID": ident,
        **_HEADERS[number * 5 % len(_HEADERS)],
    }
    text = _BODIES[number % len(_BODIES)]
    if number % 4:
        return Letter(ident, _head(head) + text.encode() + b"\r\n")
    name = ("report.pdf", "Photo.JPG", "annual report.pdf")[number // 4 % 3]
    size = 1_200_000 if number == _LARGE else (100, 30_000, 2_000)[number // 4 % 3]
    data = b64encode(b"x" * size)
    mixed = (
        f"--frontier\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        "--frontier\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    lines = b"\r\n".join(data[at : at + 76] for at in range(0, len(data), 76))
    head |= {"MIME-Version": "1.0", "Content-Type": "multipart/mixed; boundary=frontier"}
    return Letter(ident, _head(head) + mixed.encode() + lines + b"\r\n--frontier--\r\n")


def _head(head: dict[str, str]) -> bytes:
    blank = ("X-Any", "X-Empty", "Subject")
    return (
        "".join(f"{name}: {value}\r\n" for name, value in head.items() if value or name in blank) + "\r\n"
    ).encode()


def _encode(text: str) -> str:
    return text if text.isascii() else f"=?utf-8?b?{b64encode(text.encode()).decode()}?="

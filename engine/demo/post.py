"""Putting a mail into the demo's mailbox, as a mail server does when one arrives."""

import asyncio
import imaplib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from pydantic import Field

from engine.demo.configuration import USER
from engine.noun import Written


class Letter(Written):
    """A mail to Anna."""

    sender: str = Field(min_length=3, max_length=200, alias="from")
    subject: str = Field(max_length=500)
    body: str = Field(default="", max_length=10_000)


def compose(letter: Letter) -> bytes:
    """The mail as it stands in the mailbox. Raises ValueError when a header cannot hold what was written."""
    mail = EmailMessage()
    mail["From"] = letter.sender
    mail["To"] = USER
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain="demo.example")
    mail.set_content(letter.body)
    return mail.as_bytes()


async def deliver(port: int, password: str, letter: Letter) -> None:
    """Append the mail to the INBOX. Raises OSError or imaplib.IMAP4.error when the server is gone."""
    mail = compose(letter)

    def append() -> None:
        with imaplib.IMAP4("127.0.0.1", port, timeout=10) as imap:
            imap.login(USER, password)
            imap.append("INBOX", "", imaplib.Time2Internaldate(datetime.now(UTC)), mail)

    await asyncio.to_thread(append)

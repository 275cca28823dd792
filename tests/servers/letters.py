"""Mails for tests."""

from email.message import EmailMessage
from email.policy import SMTP


def letter(
    subject: str = "Hello",
    text: str = "Some words.",
    *,
    sender: str = "Boss <boss@example.com>",
    to: str = "Anna <anna@example.com>",
    message_id: str = "",
    **headers: str,
) -> bytes:
    """A plain mail; `headers` are added with their underscores as hyphens."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = "Mon, 05 Jan 2026 10:00:00 +0000"
    if message_id:
        mail["Message-ID"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def parcel(subject: str, *files: tuple[str, str, bytes], text: str = "See this.") -> bytes:
    """A mail with files: (name, media type, content) of each."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Boss <boss@example.com>", "Anna <anna@example.com>", subject
    mail["Date"] = "Mon, 05 Jan 2026 10:00:00 +0000"
    mail.set_content(text)
    for name, media_type, content in files:
        main, _, sub = media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()

"""What a mail server writes back: a delivery status notification (RFC 3464), as bytes, becomes one fact.

Servers differ in how they wrap it (OpenSMTPD in multipart/mixed, not multipart/report), so the part
message/delivery-status counts wherever it stands. A mail without that part is no report: it may be an answer by hand,
or of a program that tells about a holiday, which all go to the same address (RFC 3834 4).
"""

from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message as Mail
from email.policy import compat32
from itertools import islice

from engine.channels.mail.address import tokens_in, veil
from engine.channels.mail.submit import read_reason
from engine.channels.words import discreet
from engine.noun import Noun
from engine.reason import Reason
from engine.receipt import Fate

#: A report repeats headers, or at worst the whole mail.
MOST_BYTES = 4 * 1024 * 1024
MOST_PARTS = 100
#: Ours, in the mail that is returned.
TOKEN_HEADER = "X-Tocsin-Id"  # noqa: S105  (a header's name)
#: Where servers write to whom a report was delivered.
_TO = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
#: Action (RFC 3464 2.3.3) -> what became of the mail.
_FATES = {
    "failed": Fate.UNDELIVERED,
    "delivered": Fate.DELIVERED,
    "delayed": Fate.SENT,
    "relayed": Fate.SENT,
    "expanded": Fate.SENT,
}


class Bounce(Noun):
    """A mail server's report about one mail."""

    fate: Fate
    reason: Reason
    detail: str
    """The server's words, without addresses."""


def read_tokens(raw: bytes, address: str) -> tuple[str, ...]:
    """What a mail to a tagged form of `address` says that ours was called, in small letters, the likeliest first.

    Nothing here is proven, and nothing needs to be a report.
    """
    try:
        parts = _take_apart(raw)
        return tuple(dict.fromkeys(each.lower() for each in _tokens(parts, address) if each))
    except ValueError:
        return ()


def read_bounce(raw: bytes) -> Bounce:
    """The report in a mail. Raises ValueError when there is none."""
    parts = _take_apart(raw)
    recipient = next((block for block in _status(parts) if _field(block, "action")), None)
    if recipient is None:
        raise ValueError("no delivery report")
    fate = _FATES.get(_field(recipient, "action").lower())
    if fate is None:
        raise ValueError("a delivery report of an unknown action")
    words = _field(recipient, "diagnostic-code").partition(";")[2] or _words(parts, recipient)
    status = _field(recipient, "status")
    said = words if status in ("4.0.0", "5.0.0") and words else f"{status} {words}"
    return Bounce(fate=fate, reason=_reason(fate, said), detail=discreet(veil(said)))


def _take_apart(raw: bytes) -> list[Mail]:
    if len(raw) > MOST_BYTES:
        raise ValueError("larger than any delivery report")
    try:
        return list(islice(message_from_bytes(raw, policy=compat32).walk(), MOST_PARTS))
    except (MessageError, RecursionError, LookupError, AttributeError, TypeError):
        raise ValueError("a mail that cannot be taken apart") from None


def _status(parts: list[Mail]) -> list[Mail]:
    """The blocks of the first message/delivery-status: one for the mail, then one for each recipient."""
    found = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    blocks = found.get_payload() if found is not None else None
    return [each for each in blocks if isinstance(each, Mail)] if isinstance(blocks, list) else []


def _tokens(parts: list[Mail], address: str) -> Iterator[str]:
    for name in _TO:
        for value in parts[0].get_all(name, []):
            yield from tokens_in(str(value), address)
    for block in _status(parts):
        yield _field(block, "original-envelope-id")
    for part in parts[1:]:  # the mail that is returned, or its headers as text
        yield str(part.get(TOKEN_HEADER, "")).strip()
        if part.get_content_type() in ("text/rfc822-headers", "text/plain"):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                headers = message_from_bytes(payload, policy=compat32)
                yield str(headers.get(TOKEN_HEADER, "")).strip()


def _words(parts: list[Mail], recipient: Mail) -> str:
    """What the other server said, from the text for people: OpenSMTPD tells it nowhere else."""
    address = _field(recipient, "final-recipient").partition(";")[2].strip().lower()
    text = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    payload = text.get_payload(decode=True) if text is not None else None
    lines = payload.decode("utf-8", "replace").splitlines() if isinstance(payload, bytes) else []
    told = (line.strip().partition(": ") for line in lines)
    return next((words for start, _, words in told if address and start.lower() == address), "")


def _field(block: Mail, name: str) -> str:
    return " ".join(str(block.get(name, "")).split())


def _reason(fate: Fate, said: str) -> Reason:
    if fate is Fate.DELIVERED:
        return Reason.DELIVERED
    if fate is Fate.SENT:
        return Reason.ACCEPTED
    reason = read_reason(550, said, of_address=False)
    return Reason.UNDELIVERED if reason in (Reason.PROVIDER_REFUSED, Reason.PROVIDER_AUTH) else reason

"""Mailboxes for bounces → receipts: what mail servers report, out of the mailbox that the reports go to."""

import logging
from collections.abc import Sequence

from engine import topics
from engine.agents.desk import Desk
from engine.receipt import DeliveryReport
from engine.sources.imap.fetch import Mail

log = logging.getLogger("tocsin.bounces")


def owner(provider: str) -> str:
    """Whose such a mailbox is, where other mailboxes are an account's: no account has a blank in its id."""
    return f"provider {provider}"


async def take(desk: Desk, provider: str, mails: Sequence[Mail]) -> None:
    """Put the reports in these mails on the stream; whatever else lies there is nobody's concern.

    Returns once they are durable. Raises StreamError; trying again is safe.
    """
    reports = [report for mail in mails for report in _read(desk, provider, mail)]
    if reports:
        await desk.publish(topics.RECEIPTS, reports)
        log.info("provider %s: %d reports in its mailbox for bounces", provider, len(reports))


def _read(desk: Desk, provider: str, mail: Mail) -> list[DeliveryReport]:
    try:
        return desk.providers[provider].read_callback({}, {}, mail.raw)
    except (PermissionError, ValueError):
        return []  # an answer by hand, a holiday's, or somebody's try

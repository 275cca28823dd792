"""What the rules would make of a mail in a file: nothing is sent, asked or written."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from engine.account import Account
from engine.cli.recording import record_decision
from engine.cli.rehearsing import choose_account, company_of, limit_lines, message_lines, require, trusted_by
from engine.errors import SourceError
from engine.event import MailArrived
from engine.phone import mask
from engine.quote import Quote
from engine.rehearsal.rehearse import Company, Outcome, Prospect, rehearse
from engine.rules.explain import explain
from engine.rules.zone import find_zone
from engine.sources.archive import MOST_BYTES, read_event

_FORM = "%Y-%m-%d %H:%M"


def foretell(
    config: Path, name: str, whose: str | None, moment: str | None, *, folder_time: bool, as_json: bool
) -> Iterator[str]:
    """The lines for a person, or one for programs. `name` is a file or ``-``. Raises TocsinError."""
    wanted = require(config)
    owner = choose_account(wanted, whose)
    raw, size, written = _read(name)
    at = _moment(moment, owner.account) if moment else written if folder_time else None
    event = read_event(raw, owner.account.id, at, size=size, trusted=trusted_by(owner))
    company = company_of(wanted)
    outcome = rehearse(event, company, event.happened_at)
    yield from [json.dumps(_record(event, outcome))] if as_json else _lines(event, outcome, company)


def _lines(event: MailArrived, outcome: Outcome, company: Company) -> Iterator[str]:
    told = explain(outcome.decision, event)
    # the messages in full, in place of the line that says of each that there is one
    yield from told[: len(told) - len(outcome.prospects)]
    for prospect in outcome.prospects:
        yield from message_lines(prospect, company)
    zone = find_zone(company.accounts[event.account].zone)
    yield f"as if it arrived at {event.arrived_at.astimezone(zone):{_FORM}} and nothing had been told before"


def _record(event: MailArrived, outcome: Outcome) -> dict[str, Any]:
    return {
        "event": event.model_dump(mode="json"),
        "decision": record_decision(outcome.decision),
        "messages": [_message(each) for each in outcome.prospects],
    }


def _message(prospect: Prospect) -> dict[str, Any]:
    quote = prospect.quote
    return {
        "notification": str(prospect.notification.id),
        "reason": prospect.reason.value,
        "quote": _quote(quote) if isinstance(quote, Quote) else None,
        "limits": list(limit_lines(prospect.notification.limits)),
    }


def _quote(quote: Quote) -> dict[str, Any]:
    record = quote.model_dump(mode="json")
    if quote.road is not None:
        record["road"]["address"] = mask(quote.road.address)
    return record


def _read(name: str) -> tuple[bytes, int, datetime | None]:
    """The bytes, as many as are looked at; how many there are; when the file was written."""
    if name == "-":
        raw = sys.stdin.buffer.read(MOST_BYTES)
        return raw, len(raw), None
    path = Path(name)
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES)
        stat = path.stat()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", place=name, remedy="look at its name") from None
    return raw, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)


def _moment(text: str, account: Account) -> datetime:
    try:
        return datetime.strptime(text, _FORM).replace(tzinfo=find_zone(account.zone))
    except ValueError:
        raise click.BadParameter("write a moment as 2026-11-22 23:30, by the account's clock") from None

"""Past mail, read where it lies, through the rules and the gates; and the table of what would have been sent."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from engine.cli.rehearsing import choose_account, company_of, require, show_cost, trusted_by
from engine.errors import ConfigurationError
from engine.event import MailArrived
from engine.rehearsal.rehearse import Company
from engine.rehearsal.season import Row, Season
from engine.settings import AccountSettings, Settings
from engine.sources.archive import read_events, scan_maildir, scan_mbox
from engine.sources.imap.history import read_history
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.office import Office


def backtest(
    config: Path, *, mbox: Path | None, maildir: Path | None, imap: str | None, whose: str | None, since: date | None
) -> tuple[Season, Company]:
    """The season that this mail makes. Raises TocsinError."""
    wanted = require(config)
    company = company_of(wanted)
    season = Season(company)
    if imap is not None:
        owner, mailbox = _find_mailbox(wanted, imap, whose)
        asyncio.run(_over_imap(season, owner, mailbox, since))
    else:
        for event in _over_files(choose_account(wanted, whose), mbox, maildir, since):
            season.add(event)
    season.end()
    return season, company


def _over_files(
    owner: AccountSettings, mbox: Path | None, maildir: Path | None, since: date | None
) -> Iterator[MailArrived]:
    entries = scan_mbox(mbox) if mbox else scan_maildir(maildir) if maildir else []
    if since:
        begin = datetime.combine(since, time(), UTC).timestamp()
        entries = [entry for entry in entries if entry.at >= begin]
    return read_events(entries, owner.account.id, trusted_by(owner))


async def _over_imap(season: Season, owner: AccountSettings, mailbox: Mailbox, since: date | None) -> None:
    office = Office()
    try:
        async for events in read_history(mailbox, owner.account.id, since, office):
            for event in events:
                season.add(event)
    finally:
        await office.close()


def _find_mailbox(wanted: Settings, name: str, whose: str | None) -> tuple[AccountSettings, Mailbox]:
    every = [(each, mailbox) for each in wanted.accounts for mailbox in each.mailboxes]
    found = [
        (each, mailbox)
        for each, mailbox in every
        if name in (mailbox.user, mailbox.host, f"{mailbox.user}@{mailbox.host}") and whose in (None, each.account.id)
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{mailbox.user}@{mailbox.host} of {each.account.id}" for each, mailbox in every) or "none"
    what = "there is no such mailbox" if not found else "several mailboxes are called so"
    raise ConfigurationError(f"{what}: {name}", place=str(wanted.folder), remedy=f"one of: {known}")


def season_lines(season: Season, company: Company) -> Iterator[str]:
    """The table for a person, the dearest rule first."""
    span = f", {season.since:%Y-%m-%d} to {season.until:%Y-%m-%d}" if season.since and season.until else ""
    yield f"{season.events} mails{span}"
    rows = sorted(season.rows.values(), key=lambda row: (-row.cost, -row.matches, row.scope, row.rule))
    told = [row for row in rows if row.matches or row.messages]
    names = [f"{row.scope}/{row.rule}" if row.rule else f"{row.scope} {row.name}" for row in told]
    width = max((len(name) for name in (*names, "rule")), default=4)
    head = ("matches", "messages", "digests", "parts", "price")
    yield f"{'rule'.ljust(width)}  " + "  ".join(each.rjust(12 if each == "price" else 8) for each in head)
    for name, row in zip(names, told, strict=True):
        yield _line(name.ljust(width), row, company) + _why_not(row)
    yield _line("total".ljust(width), _total(rows), company)
    silent = len(rows) - len(told)
    if silent:
        yield f"{silent} {'rule' if silent == 1 else 'rules'} matched nothing"


def _line(name: str, row: Row, company: Company) -> str:
    counts = "  ".join(str(each).rjust(8) for each in (row.matches, row.messages, row.digests, row.parts))
    return f"{name}  {counts}  {show_cost(row.cost, company).rjust(12)}"


def _why_not(row: Row) -> str:
    """What became of the matches that made no message of their own."""
    said = [f"{row.collected} in digests"] if row.collected else []
    said += [f"{row.held} held for the morning"] if row.held else []
    said += [f"{many} {reason.value}" for reason, many in row.refused.most_common()]
    return f"  ({', '.join(said)})" if said else ""


def _total(rows: list[Row]) -> Row:
    total = Row("", "", "total")
    for row in rows:
        total.matches += row.matches
        total.messages += row.messages
        total.digests += row.digests
        total.parts += row.parts
        total.cost += row.cost
    return total


def season_record(season: Season, company: Company) -> dict[str, Any]:
    """The same for programs; prices in ten-thousandths of the currency's major unit."""
    rows = [_record(row) for row in season.rows.values()]
    return {
        "mails": season.events,
        "since": season.since.isoformat() if season.since else None,
        "until": season.until.isoformat() if season.until else None,
        "currency": company.tariff.currency,
        "rules": rows,
        "total": _record(_total(list(season.rows.values()))),
    }


def _record(row: Row) -> dict[str, Any]:
    return {**vars(row), "refused": {reason.value: many for reason, many in row.refused.items()}}

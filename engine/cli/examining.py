"""What `tocsin doctor` looks at."""

import asyncio
from pathlib import Path

from engine import settings
from engine.account import Account
from engine.cli.finding import Finding
from engine.cli.reaching import reach_providers
from engine.cli.unheard import unheard
from engine.cli.unproven import unproven
from engine.errors import TocsinError
from engine.pool import Pool
from engine.settings import Settings
from engine.settings.data import make_data_folder
from engine.sources.calendar.copy import Copy
from engine.sources.calendar.feed import Feed
from engine.sources.calendar.fetch import fetch
from engine.sources.calendar.read import MODULES, read
from engine.sources.calendar.refresh import HORIZON, FeedState
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.probe import probe
from engine.store import ledger, revision
from engine.store.database import Database, shown
from engine.transport.address import Servers, read_url
from engine.wiring import clock


async def examine(config: Path) -> list[Finding]:
    """Try everything. Raises ConfigurationError when there is no configuration to go by."""
    wanted = settings.require(config)
    found = [Finding(True, str(config), f"configuration {wanted.version} is sound")]
    found += await asyncio.to_thread(_store, wanted)
    found += await _stream(wanted.stream)
    for each in wanted.accounts:
        for mailbox in each.mailboxes:
            found += await _mailbox(each.account.id, mailbox)
        found += [await _calendar(each.account, feed) for feed in each.calendars]
    for name, mailbox in wanted.bounces.items():
        found += await _mailbox(f"bounces of {name}", mailbox)
    return found + await reach_providers(wanted)


async def _stream(url: str) -> list[Finding]:
    """Whether a Kafka lets us in; a file needs no asking."""
    servers = read_url(url)
    if not isinstance(servers, Servers):
        return []
    from engine.transport.cluster import Cluster  # it takes its time to import

    try:
        await Cluster(servers).reach()
    except TocsinError as error:
        return [Finding(False, error.place, error.message, error.remedy)]
    user = f"as {servers.login.user}" if servers.login else "without a user"
    how = "over TLS" if servers.tls else "in the clear"
    return [Finding(True, str(servers), f"the stream lets us in, {user} and {how}")]


async def _mailbox(owner: str, mailbox: Mailbox) -> list[Finding]:
    steps = await probe(owner, mailbox)
    return [Finding(one.ok, f"{owner} {one.place}", f"{one.what}: {one.why}", one.fix) for one in steps]


def _store(wanted: Settings) -> list[Finding]:
    place = shown(wanted.store)
    try:
        make_data_folder(wanted.data)
        store = Database(wanted.store)
    except TocsinError as error:
        return [Finding(False, error.place, error.message, error.remedy)]
    try:
        revision.ensure(store)
        differences = store.read(ledger.differences)
        advice = store.read(lambda connection: [*unproven(connection, wanted), *unheard(connection, wanted, clock())])
    except TocsinError as error:
        return [Finding(False, error.place, error.message, error.remedy)]
    finally:
        store.close()
    if differences:
        return [Finding(False, place, f"the ledger differs: {differences[0]}", "tocsin db prove shows all; tell us")]
    return [Finding(True, place, "the store is there and the ledger agrees with itself"), *advice]


async def _calendar(account: Account, feed: Feed) -> Finding:
    """Fetch it once, and read it as the engine would."""
    place = f"{account.id} calendar {feed.name} {feed.place}"
    now = clock()
    pool = Pool(*MODULES)
    try:
        texts = [piece.text for piece in (await fetch(feed, Copy())).pieces.values()]
        parts = [part async for part in read(pool, FeedState(), texts, account.zone, (now, now + HORIZON))]
    except TocsinError as error:
        return Finding(False, place, error.message, error.remedy)
    finally:
        await pool.close()
    appointments = len(parts[-1].state.entries)
    coming = sum(len(those) for part in parts for those in part.occasions.values())
    troubles = [trouble.what for trouble in parts[-1].troubles]
    message = f"{appointments} appointment{'s' * (appointments != 1)}, {coming} times in the next {HORIZON.days} days"
    if troubles:
        message += f"; {len(troubles)} cannot be read whole: {troubles[0]}"
    return Finding(True, place, message)

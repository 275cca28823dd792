"""The past mail of a mailbox, in the order of its arrival. The folders are only examined: nothing is marked."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from engine.event import MailArrived
from engine.sources.imap.fetch import BATCH, fetch_mails, make_events
from engine.sources.imap.mailbox import Late, Mailbox
from engine.sources.imap.office import Office
from engine.sources.imap.session import Session

_DATES = ("UID", "INTERNALDATE")
#: Dates asked for in one command: a line each.
_MANY = 500
#: Old mail is what is asked for: none of it is late.
_NEVER_LATE = Late(after=timedelta(days=365_000))


class _Place(NamedTuple):
    at: float
    folder: str
    uid: int


async def read_history(
    mailbox: Mailbox, account: str, since: date | None, office: Office
) -> AsyncIterator[list[MailArrived]]:
    """The mails of all its folders, a few at a time. Raises LostError, RefusedError, MissingError (SourceError)."""
    host = office.hosts.find(mailbox.host)
    session = await office.open(mailbox)
    try:
        places: list[_Place] = []
        numbered: dict[str, int] = {}
        for folder in mailbox.folders:
            numbered[folder] = (await office.work(session, host, session.examine, folder)).uidvalidity
            places += await office.work(session, host, _find, session, folder, since)
        opened = mailbox.folders[-1]
        for folder, run in groupby(sorted(places), key=lambda place: place.folder):
            uids = [place.uid for place in run]
            if folder != opened:
                await office.work(session, host, session.examine, folder)
                opened = folder
            for start in range(0, len(uids), BATCH):
                mails = await office.work(session, host, fetch_mails, session, uids[start : start + BATCH])
                found = make_events(
                    mails,
                    account=account,
                    host=mailbox.host,
                    user=mailbox.user,
                    folder=folder,
                    uidvalidity=numbered[folder],
                    late=_NEVER_LATE,
                    clock=lambda: datetime.now(UTC),
                    trusted=mailbox.trust,
                )
                yield sorted(found, key=lambda each: each.arrived_at)
    finally:
        session.close()


def _find(session: Session, folder: str, since: date | None) -> list[_Place]:
    """Where the mails of the open folder are, with their dates: about 150 bytes of memory a mail. Blocking."""
    uids = session.search_since(since) if since else session.search("ALL")
    found: list[_Place] = []
    for start in range(0, len(uids), _MANY):
        rows = session.fetch(uids[start : start + _MANY], _DATES, proof=b"INTERNALDATE")
        for uid, row in rows.items():
            at = row.get(b"INTERNALDATE")
            found.append(_Place(at.timestamp() if isinstance(at, datetime) else 0.0, folder, uid))
    return found

"""What waits for the files of its mail: they are fetched, looked at, kept, and then it is routed like any other.

A hop of its own, so that a slow mail server, or a PDF that takes long to read, holds up nothing else.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from engine.agents.admit import admit
from engine.agents.air import Air
from engine.agents.desk import Desk
from engine.agents.listen import listen
from engine.channels.mail.letter import Attachment
from engine.channels.paper.press import count_sheets
from engine.enclosure import Enclosure, Lack
from engine.errors import ProviderError, StoreError
from engine.medium import ENDINGS, KNOWN, Medium, seen
from engine.notification import Channel, Notification
from engine.pool import OverrunError
from engine.rules.attach import enclose as finish
from engine.rules.texts.clean import clean
from engine.sources.imap.enclosed import Found, Wanted
from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.trouble import DeniedError, LostError, MissingError, RefusedError, UnreadableError
from engine.store import enclosing, media
from engine.store.database import Connection
from engine.store.enclosing import Waiting
from engine.store.media import Kept

log = logging.getLogger("tocsin.enclose")

#: Mails whose files are fetched at once.
MOST_AT_ONCE = 4
#: The waits before a mailbox that does not answer is asked again; then it is told without the files.
PAUSES = (timedelta(seconds=5), timedelta(seconds=30))
#: The longest that one mail server may take, and that reading the PDF of one mail may take, in seconds.
PATIENCE = 60.0
#: Pages that files add to a fax, of all together.
MOST_PAGES = 50
#: The longest sleep, in seconds: another worker's row is noticed by then.
_LONGEST = 5.0
_NAME = 100


async def enclose(desk: Desk) -> None:
    """Fetch what is waited for until the engine drains; what is under way is then waited for."""
    working: Air[UUID] = Air()
    try:
        while not desk.draining.is_set():
            desk.bells.enclosures.clear()
            room = MOST_AT_ONCE - len(working)
            taken, wait = await _take(desk, room) if room else ([], _LONGEST)
            for each in taken:
                working.begin(each.told[0].event_id, _serve(desk, each), "enclose")
            if not taken:
                bells = [desk.bells.enclosures] if room else []
                await listen(*bells, desk.draining, working.tasks, seconds=wait)
            working.land()
        await working.end()
    finally:
        working.drop()


async def _take(desk: Desk, room: int) -> tuple[list[Waiting], float]:
    """What may be served now, and how long until there is more."""
    now = desk.clock()
    try:
        due = await desk.store.aread(enclosing.next_at)
        if due is None or due > now:
            return [], _LONGEST if due is None else min(_LONGEST, (due - now).total_seconds())
        return await desk.store.awrite(lambda connection: enclosing.take(connection, now, room), touching=()), 1.0
    except StoreError as error:
        log.error("what waits for its files waits on: %s", error)
        return [], 1.0


async def _serve(desk: Desk, waiting: Waiting) -> None:
    """All that is told of one mail. What goes wrong with the store is tried again when the lease is over."""
    try:
        here = await _gather(desk, waiting)
        if here is None:
            until = desk.clock() + PAUSES[waiting.tries]
            await desk.store.awrite(
                lambda connection: enclosing.postpone(connection, waiting.told, waiting.tries + 1, until), touching=()
            )
            return
        await _route(desk, waiting.told, *here)
    except StoreError as error:
        log.error("what waits for its files waits on: %s", error)


async def _gather(desk: Desk, waiting: Waiting) -> tuple[dict[UUID, Kept], dict[UUID, Lack]] | None:
    """The files that are here now, and why the others are not; None when their mailbox is to be asked again."""
    wanted = {each.id: each for told in waiting.told for each in told.enclosures}
    kept = await desk.store.aread(lambda connection: media.find(connection, wanted))
    missing = [each for id, each in wanted.items() if id not in kept]
    lacks: dict[UUID, Lack] = {}
    if missing:
        left = desk.most_media - sum(len(each.medium.body) for each in kept.values())
        found = await _fetch(desk, waiting.told[0].account, missing, max(0, left))
        if found is None and waiting.tries < len(PAUSES):
            return None
        until = desk.clock() + desk.keep_media + timedelta(hours=1)
        for each in missing:
            looked = Lack.UNREACHABLE if found is None else _look(each, found)
            if isinstance(looked, Medium):
                kept[each.id] = Kept(looked, None, until)
            else:
                lacks[each.id] = looked
    if any(_faxes(told) for told in waiting.told):
        kept = await _count(kept)
    return kept, lacks


async def _fetch(desk: Desk, account: str, missing: Sequence[Enclosure], most: int) -> Found | None:
    """What the mailbox still has of these files; None when it cannot be asked at the moment."""
    mail = missing[0].mail
    mailbox = _find(desk, account, mail.host, mail.user)
    if mailbox is None:
        return Found()
    wanted = Wanted([each.section for each in missing], most)
    try:
        async with asyncio.timeout(PATIENCE):
            return await desk.office.fetch(mailbox, mail.folder, mail.uidvalidity, mail.uid, wanted)
    except MissingError:
        return Found()
    except (LostError, DeniedError, UnreadableError, RefusedError, TimeoutError) as error:
        log.warning("%s: a file cannot be fetched: %s", mailbox.place, str(error) or "no answer in time")
        return None


def _find(desk: Desk, account: str, host: str, user: str) -> Mailbox | None:
    mine = (box for owner, box in desk.mailboxes if owner == account)
    return next((box for box in mine if (box.host.lower(), box.user) == (host.lower(), user)), None)


def _look(each: Enclosure, found: Found) -> Medium | Lack:
    """The file with its true type, unless it is not there or is not what it claims to be."""
    body = found.bodies.get(each.section)
    if body is None:
        return Lack.TOO_LARGE if each.section in found.large else Lack.GONE
    kind = seen(body)
    if each.media_type in KNOWN and not kind:
        return Lack.FALSE
    return Medium(id=each.id, name=_name(each.name, kind), media_type=kind or each.media_type, body=body)


def _name(written: str, kind: str) -> str:
    name = clean(written).replace("/", "_").replace("\\", "_")[-_NAME:]
    return name or f"file.{ENDINGS.get(kind, 'bin')}"


def _faxes(told: Notification) -> bool:
    return Channel.FAX in (told.channel, *(road.channel for road in told.otherwise))


async def _count(kept: Mapping[UUID, Kept]) -> dict[UUID, Kept]:
    """The same files with their pages counted."""
    counted = dict(kept)
    left = MOST_PAGES
    try:
        async with asyncio.timeout(PATIENCE):
            for id, each in kept.items():
                pages = each.pages if each.pages is not None else await _pages(each.medium)
                pages = pages if pages <= left else 0
                counted[id] = Kept(each.medium, pages, each.delete_after)
                left -= pages
    except TimeoutError:
        log.warning("the files of a mail take too long to read; they are not faxed")
    return counted


async def _pages(file: Medium) -> int:
    """The pages of a fax that it takes; none when it cannot be faxed."""
    try:
        return await count_sheets(Attachment(name=file.name, kind=file.media_type, content=file.body))
    except (ValueError, OverrunError, ProviderError) as error:
        log.info("a file cannot be faxed: %s", type(error).__name__)
        return 0


async def _route(
    desk: Desk, waiting: Sequence[Notification], kept: Mapping[UUID, Kept], lacks: Mapping[UUID, Lack]
) -> None:
    """Everything in one transaction: the files, the verdicts, and that nobody waits any longer."""
    finished = [_finish(desk, told, kept, lacks) for told in waiting]
    account = waiting[0].account
    counted = {id: each.pages for id, each in kept.items() if each.pages is not None}

    def keep(connection: Connection) -> None:
        media.keep(connection, account, list(kept.values()))
        media.count_pages(connection, counted)
        enclosing.end(connection, waiting)

    await admit(desk, finished, keep)


def _finish(desk: Desk, told: Notification, kept: Mapping[UUID, Kept], lacks: Mapping[UUID, Lack]) -> Notification:
    def describe(each: Enclosure) -> Enclosure:
        here = kept.get(each.id)
        if here is None:
            return each.model_copy(update={"lack": lacks.get(each.id, Lack.GONE)})
        kind = here.medium.media_type
        return each.model_copy(update={"kept": True, "media_type": kind, "pages": here.pages or 0})

    def link(each: Enclosure) -> str:
        if desk.links is None:
            return ""
        return desk.links.url(each.id, told.decided_at + desk.keep_media, ENDINGS.get(each.media_type, "bin"))

    return finish(told, tuple(describe(each) for each in told.enclosures), link)

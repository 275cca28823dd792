"""A message is handed to its provider with what the queue does not hold: its files, and where to unsubscribe."""

import asyncio
import logging

from engine.agents.desk import Desk
from engine.answer import Answer, Outcome
from engine.channels.provider import Provider
from engine.errors import StoreError
from engine.medium import ENDINGS
from engine.message import Message
from engine.notification import Channel
from engine.reason import Reason
from engine.store import consents, media

log = logging.getLogger("tocsin.hand_over")


async def hand_over(desk: Desk, provider: Provider, message: Message, client_ref: str, left: float) -> Answer:
    """What the provider says. Nothing is handed over once the seconds that are `left` have passed: another attempt
    may be on its way by then."""
    loop = asyncio.get_running_loop()
    until = loop.time() + left
    try:
        async with asyncio.timeout_at(until):
            message = await _complete(desk, message)
    except StoreError as error:
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.STORE_DOWN, detail=error.message)
    except TimeoutError:
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.HELD_UP)
    if loop.time() >= until:
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.HELD_UP)
    try:
        async with asyncio.timeout_at(until):
            return await provider.send(message, client_ref)
    except TimeoutError:
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail="no answer in time")
    except Exception as error:
        # A provider's defect must not look like a refusal: whether the message left is not known.
        log.exception("provider %s failed", provider.name)
        return Answer(outcome=Outcome.UNKNOWN, reason=Reason.NO_ANSWER, detail=type(error).__name__)


async def _complete(desk: Desk, message: Message) -> Message:
    if message.media:
        message = await _furnish(desk, message)
    return await _let_go(desk, message) if message.channel is Channel.EMAIL else message


async def _furnish(desk: Desk, message: Message) -> Message:
    """The message with the bytes of its files and where the outside world finds them.

    Files whose time is over are left out: a message that waits for so long says less, but it is sent.
    """
    ids = [each.id for each in message.media]
    kept = await desk.store.aread(lambda connection: media.find(connection, ids))
    files = []
    for id in ids:
        if id in kept:
            file, until = kept[id].medium, kept[id].delete_after
            url = desk.links.url(id, until, ENDINGS.get(file.media_type, "bin")) if desk.links else ""
            files.append(file.model_copy(update={"url": url}))
    return message.model_copy(update={"media": tuple(files)})


async def _let_go(desk: Desk, message: Message) -> Message:
    """The message with where its reader asks for no more, if it is a contact; the account's owner has the files."""
    url = desk.links.unsubscribe(message.id, message.address) if desk.links else ""
    if not url:
        return message
    agreed = await desk.store.aread(lambda c: consents.has_agreed(c, message.account, message.address))
    return message.model_copy(update={"unsubscribe": url}) if agreed else message

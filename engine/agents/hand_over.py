"""A message is handed to its provider with what the queue does not hold: its files, and where to unsubscribe."""

from engine.agents.desk import Desk
from engine.answer import Answer, Outcome
from engine.channels.provider import Provider
from engine.errors import StoreError
from engine.medium import ENDINGS
from engine.message import Message
from engine.notification import Channel
from engine.reason import Reason
from engine.store import consents, media


async def hand_over(desk: Desk, provider: Provider, message: Message, client_ref: str) -> Answer:
    """What the provider says; that nothing left, while the store cannot be read."""
    try:
        if message.media:
            message = await _furnish(desk, message)
        if message.channel is Channel.EMAIL:
            message = await _let_go(desk, message)
    except StoreError as error:
        return Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.STORE_DOWN, detail=error.message)
    return await provider.send(message, client_ref)


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

"""Texts from phones → events: whose each is, and that it is kept."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from engine import topics
from engine.agents.desk import Desk
from engine.event import MessageReceived
from engine.heard import Heard, find_route, keyword_of, number_of
from engine.part import LongText, Part
from engine.phone import mask
from engine.store import correspondence, parts

log = logging.getLogger("tocsin.hear")

#: For so long a text from somebody whom an account wrote to is taken for an answer to it.
LATELY = timedelta(days=7)


async def hear(desk: Desk, heard: Sequence[Heard | Part]) -> None:
    """Put each on the stream, for the account that it is for. Brought again it is the same event.

    A part of a long text is kept until the others are here, too. Raises StoreError or StreamError: then none of them
    is ours, and the provider is to bring them again.
    """
    await _hand_over(desk, [each for each in heard if isinstance(each, Heard)])
    left = [each for each in heard if isinstance(each, Part)]
    while left:
        brought = left
        texts, left = await desk.store.awrite(lambda connection: parts.keep(connection, brought))  # noqa: B023
        broken = {part.text_id for part in left}
        now = desk.clock()
        ready = [(text, text.read() if text.id in broken else text.join(now)) for text in texts]
        await _hand_over(desk, joined=[(text, said) for text, said in ready if said is not None])


async def hear_in_part(desk: Desk, id: UUID) -> None:
    """Put a long text on the stream as it is: the rest of it did not come. Raises StoreError or StreamError."""
    text = await desk.store.aread(lambda connection: parts.find(connection, id))
    if (said := text.join(desk.clock())) is not None:
        await _hand_over(desk, joined=[(text, said)])


async def _hand_over(desk: Desk, heard: Sequence[Heard] = (), joined: Sequence[tuple[LongText, Heard]] = ()) -> None:
    """Publish texts, and long ones that were joined: these are noted as told once that is durable."""
    events = [await _receive(desk, each) for each in (*heard, *(said for _, said in joined))]
    if not events:
        return
    await desk.publish(topics.EVENTS, events)
    if joined:
        now, texts = desk.clock(), [text for text, _ in joined]
        await desk.store.awrite(lambda connection: parts.tell(connection, texts, now))
    for event in events:
        desk.metrics.count_received(event.provider, event.found_by)
        level = logging.WARNING if event.found_by == "nobody" else logging.INFO
        whose = event.account or "nobody: no route of 'inbound:' takes it, and nobody wrote to that number lately"
        log.log(level, "a text from %s through %s is for %s", mask(event.sender), event.provider, whose)


async def _receive(desk: Desk, heard: Heard) -> MessageReceived:
    """Written routes first, then who wrote to that phone last; what is nobody's is the admin's."""
    now = desk.clock()
    sender, to = (number_of(written, desk.region) for written in (heard.sender, heard.recipient))
    event = MessageReceived(
        account="",
        provider=heard.provider,
        provider_ref=heard.provider_ref,
        sender=sender,
        to=to,
        keyword=keyword_of(heard.text),
        text=heard.text,
        received_at=heard.at,
        read_at=now,
    )
    route = find_route(desk.inbound, to, heard.text)
    if route is not None:
        return event.model_copy(update={"account": route.account})
    account = await desk.store.aread(
        lambda connection: correspondence.who_wrote(connection, heard.provider, sender, now - LATELY)
    )
    if account in desk.accounts:
        return event.model_copy(update={"account": account, "found_by": "reply"})
    return event.model_copy(update={"account": desk.admin, "found_by": "nobody"})

"""What files a message can have with it, channel by channel: limits that a provider declares as data."""

from collections.abc import Mapping, Sequence

from engine.medium import GIF, IMAGES, JPEG, PDF, PNG, Medium
from engine.message import Message
from engine.notification import Channel
from engine.noun import Noun

#: What every phone shows.
PICTURES = frozenset((GIF, JPEG, PNG))
RICH = IMAGES | {PDF}


class Carrying(Noun):
    """The limits of one channel of one provider."""

    most: int
    """Files in one message."""
    bytes: int
    """Of all its files together."""
    types: frozenset[str] = PICTURES


#: By channel; what is not named carries no files.
Limits = Mapping[Channel, Carrying]


def divide(message: Message, limits: Limits) -> tuple[Sequence[Medium], str]:
    """The files that go with the message, and its text, which says where the others are.

    A file without an address can be fetched by nobody, and its text says so already.
    """
    within = limits.get(message.channel)
    carried: list[Medium] = []
    linked: list[str] = []
    left = within.bytes if within else 0
    for each in message.media:
        if not each.url:
            continue
        if within and len(carried) < within.most and each.media_type in within.types and len(each.body) <= left:
            carried.append(each)
            left -= len(each.body)
        else:
            linked.append(each.url)
    return carried, "\n".join([message.text, *linked])

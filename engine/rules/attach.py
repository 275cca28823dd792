"""Which files of a mail go along, and what the texts say of them. Pure: the bytes are somebody else's."""

from collections.abc import Callable, Collection
from typing import Literal

from engine.enclosure import MOST, Enclosure, Lack, Whereabouts, medium_id
from engine.event import Event, MailArrived
from engine.medium import IMAGES, KNOWN, PDF, claimed
from engine.notification import Channel, Notification
from engine.notification import Road as Way
from engine.rules.texts.clean import clean
from engine.rules.texts.phrases import Phrase, say
from engine.segments import count, shorten, whole

Attach = Literal["images", "pdf", "documents", "all", "none"]

_KINDS: dict[Attach, Collection[str]] = {"images": IMAGES, "pdf": {PDF}, "documents": KNOWN, "none": ()}
#: Letters of a file's name that a text has room for.
_NAME = 40
_LACKS = {
    Lack.GONE: Phrase.LACK_GONE,
    Lack.UNREACHABLE: Phrase.LACK_UNREACHABLE,
    Lack.TOO_LARGE: Phrase.LACK_TOO_LARGE,
    Lack.FALSE: Phrase.LACK_FALSE,
}
Link = Callable[[Enclosure], str]
"""The address of a file that we have; empty where the outside world cannot reach us."""


def pick(event: Event, attach: Attach) -> tuple[Enclosure, ...]:
    """The files of a mail that go along, at most ten, by what the mail says of them."""
    if attach == "none" or not isinstance(event, MailArrived):
        return ()
    mail = Whereabouts(
        host=event.host, user=event.user, folder=event.folder, uidvalidity=event.uidvalidity, uid=event.uid
    )
    kinds = _KINDS.get(attach)
    found = ((each, claimed(each.media_type, each.name)) for each in event.attachments)
    return tuple(
        Enclosure(
            id=medium_id(event.id, each.section),
            name=each.name,
            media_type=kind,
            size=each.size,
            section=each.section,
            mail=mail,
        )
        for each, kind in found
        if kinds is None or kind in kinds
    )[:MOST]


def enclose(told: Notification, found: tuple[Enclosure, ...], link: Link) -> Notification:
    """The notification once its files are here: each road says what it brings otherwise, and what is lacking."""
    own = Way(channel=told.channel, address=told.address, text=told.text, max_parts=told.max_parts)
    told = told.model_copy(update={"enclosures": found})
    first, *rest = (_say_on(way, told, link) for way in (own, *told.otherwise))
    return told.model_copy(update={"text": first.text, "max_parts": first.max_parts, "otherwise": tuple(rest)})


def _say_on(way: Way, told: Notification, link: Link) -> Way:
    if way.channel is Channel.SMS:
        return _say_in_sms(way, told.enclosures, link, told.language)
    carried = told.carried_by(way.channel)
    if way.channel in (Channel.MMS, Channel.RCS):  # they are told where to fetch it
        carried = tuple(each for each in carried if link(each))
    note = _note([each for each in told.enclosures if each not in carried], way.channel, told.language)
    return way.model_copy(update={"text": f"{way.text}\n\n{note}"}) if note else way


def _say_in_sms(way: Way, found: tuple[Enclosure, ...], link: Link, language: str) -> Way:
    """As many links as one part more has room for, one at least; the text gives way to it."""
    links = [address for each in found if each.kept and (address := link(each))]
    note = _note([each for each in found if not (each.kept and link(each))], way.channel, language)
    if count(way.text).parts > way.max_parts or not (links or note):
        return way  # it is refused for its length as it is, and that is what its author wants
    most = way.max_parts + 1
    for many in range(len(links), 0, -1):
        rest = f" (+{len(links) - many})" if many < len(links) else ""
        tail = "".join(f"\n{each}" for each in links[:many]) + rest
        if many == 1 or count(way.text + tail).parts <= most:
            break
    else:
        tail = ""
    if note and count(f"{way.text}{tail}\n{note}").parts <= most:
        tail += f"\n{note}"
    return way.model_copy(update={"text": shorten(way.text, most, tail), "max_parts": most})


def _note(lacking: list[Enclosure], channel: Channel, language: str) -> str:
    if not lacking:
        return ""
    items = ", ".join(f"{_called(each)} ({_why(each, channel, language)})" for each in lacking)
    return say(Phrase.NOT_ENCLOSED, language, items=items)


def _called(each: Enclosure) -> str:
    name = clean(each.name) or each.media_type
    return name if len(name) <= _NAME else f"{whole(name, _NAME - 3).rstrip()}..."


def _why(each: Enclosure, channel: Channel, language: str) -> str:
    if each.lack is not None:
        return say(_LACKS[each.lack], language)
    return say(Phrase.LACK_NO_FAX if channel is Channel.FAX else Phrase.LACK_NO_LINK, language)

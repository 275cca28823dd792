"""The text of one message to one person: rendered, signed, and made to fit."""

from datetime import datetime

from engine.account import Account, Contact
from engine.event import MailArrived, OccasionDue, Subject
from engine.rules.appointment import say_change, say_late
from engine.rules.reach import ME
from engine.rules.ruleset import ReadyAction, ReadyRule
from engine.rules.texts.phrases import Phrase, say
from engine.rules.texts.render import Reader, Template, clock
from engine.rules.zone import find_zone
from engine.segments import shorten

#: No longer text is sent by any road, in characters.
MOST = 10_000
#: Where no template is written in the receiver's language.
_FALLBACK = "en"


def write(
    event: Subject,
    account: Account,
    person: Contact,
    rule: ReadyRule,
    action: ReadyAction,
    now: datetime,
) -> str:
    """All that the action says of this event to this person, unsigned, in their language and zone."""
    zone = find_zone(person.zone)
    owner = person.id == ME.id
    reader = Reader(person.language, zone, rule.name, account.name, find_zone(account.zone), owner)
    if isinstance(event, OccasionDue) and event.change:
        return say_change(event, reader)
    late = _say_late(event, reader, now)
    text = pick(action, person.language).render(event, reader, now if late else None)
    # an empty text would be charged like a full one and say nothing
    text = text or say(Phrase.NO_TEXT, person.language)
    return (f"({late}) {text}" if late else text)[:MOST]


def _say_late(event: Subject, reader: Reader, now: datetime) -> str:
    """What stands before the text of what is told too late, where that is to be said."""
    if isinstance(event, OccasionDue):
        return say_late(event, reader, now) if event.late else ""
    if not isinstance(event, MailArrived) or event.late != "say so":
        return ""
    return say(Phrase.LATE, reader.language, at=clock(event.arrived_at, reader.zone))


def pick(action: ReadyAction, language: str) -> Template:
    """The text in this language; else the one for all, the English one, the first."""
    texts = action.texts
    for name in (language, "", _FALLBACK):
        if name in texts:
            return texts[name]
    return next(iter(texts.values()))


def sign(signature: str) -> str:
    """What stands after a text: the signature on a line of its own, one sign more in every alphabet."""
    return f"\n{signature}" if signature else ""


def fit(text: str, tail: str, parts: int) -> str:
    """`text` and `tail` in so many parts."""
    # no part holds more than 160 characters: what is beyond cannot stay, and counting it would take long
    return shorten(text[: 160 * (parts + 1)], parts, tail)

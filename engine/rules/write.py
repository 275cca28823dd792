"""The text of one message to one person: rendered, signed, and made to fit."""

from engine.account import Account, Contact
from engine.event import MailArrived, OccasionDue
from engine.rules.phrases import Phrase, say
from engine.rules.render import Reader, Template, clock
from engine.rules.ruleset import ReadyAction, ReadyRule
from engine.rules.zone import find_zone
from engine.segments import shorten

#: No longer text is sent by any road, in characters.
MOST = 10_000
#: Where no template is written in the receiver's language.
_FALLBACK = "en"


def write(
    event: MailArrived | OccasionDue, account: Account, person: Contact, rule: ReadyRule, action: ReadyAction
) -> str:
    """All that the action says of this event to this person, unsigned, in their language and zone."""
    zone = find_zone(person.zone)
    reader = Reader(person.language, zone, rule.name, account.name, find_zone(account.zone))
    # an empty text would be charged like a full one and say nothing
    text = pick(action, person.language).render(event, reader) or say(Phrase.NO_TEXT, person.language)
    if isinstance(event, MailArrived) and event.late == "say so":
        text = f"({say(Phrase.LATE, person.language, at=clock(event.arrived_at, zone))}) {text}"
    return text[:MOST]


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

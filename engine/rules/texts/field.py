"""What one name in braces is, and the facts that it is found in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Literal

from engine.event import Address, Subject
from engine.rules.texts.dates import Moment
from engine.rules.texts.phrases import Phrase, say

#: What a text is about: a mail, a text from a phone, an appointment, or whichever of the first and the last it meets.
Kind = Literal["mail", "message", "occasion", "any"]
MAIL = frozenset({"mail"})
MESSAGE = frozenset({"message"})
OCCASION = frozenset({"occasion"})
ANY = MAIL | MESSAGE | OCCASION
KINDS: Mapping[Kind, frozenset[str]] = {
    "mail": MAIL,
    "message": MESSAGE,
    "occasion": OCCASION,
    "any": MAIL | OCCASION,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a text is written, and what it may say of where it comes from."""

    language: str
    """An ISO 639 code; what is not known here is read as English."""
    zone: tzinfo
    rule: str = ""
    """The name of the rule."""
    account: str = ""
    """The name of the account; empty: its id."""
    home: tzinfo | None = None
    """The account's zone, in which a whole day is a day; None: the reader's own."""
    owner: bool = False
    """Whether it is the account's owner."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text is filled in from."""

    event: Subject
    reader: Reader
    now: datetime

    @property
    def home(self) -> tzinfo:
        """The zone of whole days."""
        return self.reader.home or self.reader.zone


class Shape(Enum):
    """What a field holds, and so what may be done with it."""

    TEXT = "text"
    TIME = "time"
    FLAG = "flag"


Found = str | Moment | bool | None
Get = Callable[[Facts], Found]


@dataclass(frozen=True, slots=True)
class Field:
    """One name that may stand in braces."""

    name: str
    kinds: frozenset[str]
    """Of which kinds of event it is."""
    meaning: str
    example: str
    get: Get
    """What the event has; nothing when it has no such thing."""
    shape: Shape = Shape.TEXT
    always: bool = False
    """Whether every event of its kinds has it."""
    stated: str = ""
    """What stands there when the event has none, for the reference; empty: the text must say so itself."""
    default: Callable[[Facts], str] | None = None

    def has_default(self, kinds: frozenset[str]) -> bool:
        """Whether something stands there whatever an event of these kinds holds."""
        return kinds <= self.kinds and (self.always or self.default is not None)


def say_it(phrase: Phrase) -> Callable[[Facts], str]:
    """A default: this phrase, in the reader's language."""
    return lambda facts: say(phrase, facts.reader.language)


def call(person: Address | None) -> str:
    """What people call a person: by the name, or the address of who has none; nobody has an empty name."""
    return (person.name.strip() or person.address) if person else ""


def call_all(people: Sequence[Address]) -> str:
    """All of them, with commas between."""
    return ", ".join(filter(None, map(call, people)))

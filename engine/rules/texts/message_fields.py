"""What a text may say of what a phone sent us."""

from collections.abc import Callable

from engine.event import MessageReceived
from engine.rules.texts.field import MESSAGE, Field, Found, Get, Shape, say_it
from engine.rules.texts.phrases import Phrase


def _message(get: Callable[[MessageReceived], Found]) -> Get:
    return lambda facts: get(facts.event) if isinstance(facts.event, MessageReceived) else None


FIELDS: tuple[Field, ...] = (
    Field(
        "sms_from",
        MESSAGE,
        "the phone that sent it",
        "+32475123456",
        _message(lambda event: event.sender),
        always=True,
    ),
    Field(
        "sms_to", MESSAGE, "our number or code that it was sent to", "+32460200000", _message(lambda event: event.to)
    ),
    Field("keyword", MESSAGE, "its first word, in small letters", "hulp", _message(lambda event: event.keyword)),
    Field(
        "text",
        MESSAGE,
        "all of it",
        "Hulp, de lift staat stil",
        _message(lambda event: event.text),
        stated='"(no text)"',
        default=say_it(Phrase.NO_TEXT),
    ),
    Field("sms", MESSAGE, "yes for a text from a phone", "", _message(lambda _: True), Shape.FLAG, always=True),
)

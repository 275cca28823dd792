"""What no provider is handed: it is refused before anything leaves, so nothing is charged for it."""

import re
from unicodedata import category

from engine.answer import Answer, Outcome
from engine.channels.mail.address import read_address
from engine.channels.mail.letter import flaw
from engine.message import Message
from engine.reason import Reason
from engine.segments import count

#: Control characters that are part of a text; every other one is a slip or an attack.
_BREAKS = "\t\n\r"
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")


def object_to(message: Message, *, most_parts: int, astral: bool = True) -> Answer | None:
    """Why `message` cannot be handed over, or nothing.

    `most_parts`: what the provider joins at most. `astral`: whether it carries characters beyond U+FFFF, emoji
    among them.
    """
    if not _E164.fullmatch(message.address):
        return not_sent(Reason.BAD_NUMBER, "this is no international number")
    for character in message.text:
        if character not in _BREAKS and category(character) in ("Cc", "Cs"):
            return not_sent(Reason.UNFIT, f"U+{ord(character):04X} is no text")
        if ord(character) > 0xFFFF and not astral:
            return not_sent(Reason.UNFIT, f"it carries no U+{ord(character):04X}")
    parts = count(message.text).parts
    if parts > most_parts:
        return not_sent(Reason.TOO_LONG, f"{parts} parts, and it joins {most_parts} at most")
    return None


def object_to_mail(message: Message) -> Answer | None:
    """Why `message` cannot be handed over as a mail, or nothing."""
    try:
        read_address(message.address)
    except ValueError as error:
        return not_sent(Reason.BAD_ADDRESS, str(error))
    wrong = flaw(message.text)
    return not_sent(Reason.UNFIT, wrong) if wrong else None


def not_sent(reason: Reason, why: str) -> Answer:
    """It is refused by us; nothing has left."""
    return Answer(outcome=Outcome.REFUSED, reason=reason, detail=f"not sent: {why}")

"""Answers to invitations, as people type them on a phone: a word, and the number that the invitation was given."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from engine.heard import words_of

#: An account's open invitations are numbered from 1 to this.
MOST_CODES = 99


class Answer(StrEnum):
    """What is answered, as PARTSTAT says it (RFC 5545 section 3.2.12)."""

    YES = "ACCEPTED"
    NO = "DECLINED"
    MAYBE = "TENTATIVE"


class Typed(NamedTuple):
    """An answer and the number of its invitation; 0: the only one that is open."""

    answer: Answer
    code: int = 0


#: In all five languages at once: nobody is made to answer in the language that we wrote in.
WORDS: Mapping[str, Answer] = {
    **dict.fromkeys(("yes", "ja", "oui", "ok", "okay", "okej", "oké"), Answer.YES),
    **dict.fromkeys(("no", "nee", "nej", "non", "nein"), Answer.NO),
    **dict.fromkeys(("maybe", "misschien", "kanske", "vielleicht"), Answer.MAYBE),
    **dict.fromkeys(("peut-être", "peut être", "peut-etre", "peut etre"), Answer.MAYBE),
}

#: "JA 2", "ja2", "2 ja".
_AFTER = re.compile(r"([^0-9]+?) ?([0-9]{1,2})")
_BEFORE = re.compile(r"([0-9]{1,2}) ?([^0-9]+)")
#: No answer is longer, with all that may stand around it.
_MOST = 60


def read_answer(text: str) -> Typed | None:
    """What a whole text answers; None when it is something else, as "yes, see you at 5" is."""
    if len(text.strip()) > _MOST:
        return None
    said = " ".join(words_of(text))
    if said in WORDS:
        return Typed(WORDS[said])
    if found := _AFTER.fullmatch(said):
        word, code = found.groups()
    elif found := _BEFORE.fullmatch(said):
        code, word = found.groups()
    else:
        return None
    word = " ".join(words_of(word))
    return Typed(WORDS[word], int(code)) if word in WORDS and int(code) else None

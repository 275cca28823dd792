"""Proof of a number: a code that only whoever holds the phone can read, good for a while and for a few tries."""

import hmac
from datetime import timedelta
from enum import StrEnum
from hashlib import scrypt
from typing import Self

DIGITS = 6
#: How long a code is good; its message is worthless after it, and is not sent any more.
LIFE = timedelta(minutes=10)
#: Wrong answers that a code survives, less one.
TRIES = 5
#: Codes that one number is sent in any hour, whoever asks for them.
MOST_AN_HOUR = 3
#: Bytes of randomness that a code, and a salt, are made of.
SEED = 16
#: 16 MiB and some 50 ms for each guess: a million of them outlast the code by far (RFC 7914 section 2).
_WORK = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


class Outcome(StrEnum):
    """What became of a code that was typed; `sentence` is what a person reads."""

    sentence: str

    def __new__(cls, word: str, sentence: str) -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member

    VERIFIED = "verified", "the number is verified"
    WRONG = "wrong", "this is not the code"
    NO_CODE = "no_code", "no code is good for this number now: it was never sent, is too old, or was used"
    TRIED_OUT = "tried_out", f"the code was guessed at {TRIES} times and is not good any more: ask for another"


def draw(seed: bytes) -> str:
    """A code, from `SEED` random bytes: with 16 of them no code is likelier than another by more than 1 in 2^108."""
    return f"{int.from_bytes(seed) % 10**DIGITS:0{DIGITS}d}"


def hide(code: str, salt: bytes) -> str:
    """What is kept of a code: hex that shows nothing of it."""
    return scrypt(_typed(code).encode(), salt=salt, **_WORK).hex()


def is_code(code: str, salt: bytes, hidden: str) -> bool:
    """Whether this is the code that was hidden so; however wrong it is, the answer takes as long."""
    return hmac.compare_digest(hide(code, salt), hidden)


def _typed(code: str) -> str:
    """As people type it: with blanks or a dash in its middle."""
    return "".join(sign for sign in code if sign not in " \u00a0-")

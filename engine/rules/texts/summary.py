"""Many things told in one message: how many there are, the first of them, and how many there was no room for."""

from collections.abc import Sequence

from engine.rules.texts.clean import clean
from engine.rules.texts.phrases import Phrase, say
from engine.segments import count, shorten, whole

#: Of each thing so many characters are told at most: several a little are worth more than one at length.
MOST_OF_EACH = 40
_BETWEEN = "; "


def summarise(
    items: Sequence[str],
    total: int,
    language: str,
    parts: int,
    tail: str = "",
    phrase: Phrase = Phrase.DIGEST,
    among: int | None = None,
) -> str:
    """``3 messages: Boss: Spoed; Bank: Fraud, and 1 more``, then `tail`, in at most `parts` parts.

    `items` are the first of `among`, which is `total` where each stands for one message. `phrase` is what is said of
    them: a digest, or a storm.
    """
    among = total if among is None else among
    if phrase is Phrase.DIGEST and total == 1:
        phrase = Phrase.DIGEST_ONE
    told = [each for each in (whole(clean(item), MOST_OF_EACH).rstrip() for item in items) if each]
    for kept in range(len(told), 0, -1):
        text = _say_all(told[:kept], total, among, language, phrase)
        # no part holds more than 160 characters: what is longer need not be counted
        if len(text) <= 160 * parts and count(text + tail).parts <= parts:
            return text + tail
    return shorten(_say_all(told[:1], total, among, language, phrase), parts, tail)


def _say_all(told: Sequence[str], total: int, among: int, language: str, phrase: Phrase) -> str:
    left = among - len(told)
    more = [say(Phrase.MORE, language, n=left)] if left > 0 and told else []
    items = ", ".join([_BETWEEN.join(told), *more])
    return say(phrase, language, n=total, items=items).rstrip(": ")

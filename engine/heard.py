"""A text that a phone sent to one of our numbers, and the written routes that say whose it is."""

import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from engine import phone
from engine.noun import Noun

#: As much of a text is kept; a joined SMS of 64 parts.
MOST_TEXT = 10_000
MOST_REF = 200
MOST_NUMBER = 40
#: Stands where a part of a long text did not come.
MISSING = "[...]"


def _bounded(text: object) -> object:
    """Cut, and without what no encoding carries (a half of a pair)."""
    return text[:MOST_TEXT].encode("utf-8", "replace").decode() if isinstance(text, str) else text


class Heard(Noun):
    """One text as the provider brought it; both numbers are written as the network gave them."""

    provider: str
    provider_ref: str = Field(default="", max_length=MOST_REF)
    """The provider's own name for it; empty where it gives none."""
    sender: str = Field(min_length=1, max_length=MOST_NUMBER)
    recipient: str = Field(default="", max_length=MOST_NUMBER)
    """Our number, short number or endpoint code; empty where the provider does not say."""
    text: Annotated[str, BeforeValidator(_bounded)] = ""
    at: AwareDatetime
    """When the provider had it; where it does not say, when we did."""


class Route(Noun):
    """What is sent to this number, with this keyword, is for this account. One of the two may be left out."""

    number: str = ""
    """E.164, or a code as the provider writes it."""
    keyword: str = ""
    """The text begins with it; folded words with single blanks between."""
    account: str

    @property
    def rank(self) -> tuple[bool, int]:
        """The more it asks, the sooner it is asked: a number of one's own goes before any keyword."""
        return bool(self.number), len(self.keyword)


def number_of(written: str, region: str | None = None) -> str:
    """A number as E.164 where it is one, else as it stands: a short number, a code, a name."""
    try:
        return phone.parse(written, region)
    except ValueError:
        return written.strip()


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded, without the punctuation around them: ``« Stop! »`` is ``stop``.

    What is missing counts as a word: nobody knows whether "[...] stop" began with "don't".
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return tuple(word for each in folded.split() if (word := each if each == MISSING else _trim(each)))


def keyword_of(text: str) -> str:
    """The first word of a text, folded; empty when it has none."""
    return next(iter(words_of(text[:_MOST_KEYWORD])), "")


def find_route(routes: Iterable[Route], recipient: str, text: str) -> Route | None:
    """The most particular route that takes a text to `recipient`, which is as `number_of` writes it."""
    begins = words_of(text[:_MOST_KEYWORD])

    def takes(route: Route) -> bool:
        words = tuple(route.keyword.split())
        return (not route.number or route.number == recipient) and begins[: len(words)] == words

    return max(filter(takes, routes), key=lambda route: route.rank, default=None)


#: A keyword stands this near to the beginning, in characters.
_MOST_KEYWORD = 200


def _trim(word: str) -> str:
    """Without what is neither letter nor digit at its ends."""
    first = next((index for index, each in enumerate(word) if each.isalnum()), len(word))
    last = next((index for index, each in enumerate(reversed(word)) if each.isalnum()), 0)
    return word[first : len(word) - last]

"""What is wrong with one appointment, in a sentence for whoever owns the calendar."""

from engine.noun import Noun


class Trouble(Noun):
    """One appointment, or the feed itself when `uid` is empty, and what is wrong with it."""

    uid: str
    what: str

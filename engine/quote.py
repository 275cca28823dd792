"""What a message will cost, and by which road it goes, decided before admission."""

from engine.money import Money
from engine.notification import Channel
from engine.noun import Noun


class Quote(Noun):
    """Route, parts and price of one message. The applied price is stored with the message (S33)."""

    channel: Channel
    provider: str
    parts: int
    price: Money
    """For all parts together."""
    tariff: str = ""
    """Which line of which tariff: the prefix that matched."""

"""What a message will cost, and by which road it goes, decided before admission."""

from engine.money import Money
from engine.notification import Channel, Notification, Road
from engine.noun import Noun


class Quote(Noun):
    """Route, parts and price of one message. The applied price is stored with the message (S33)."""

    channel: Channel
    provider: str
    others: tuple[str, ...] = ()
    """Who may take over from the provider, in order."""
    parts: int
    price: Money
    """For all parts together."""
    tariff: str = ""
    """Which line of which tariff: the prefix that matched."""
    road: Road | None = None
    """Which of the further roads it takes; None: the notification's own."""

    def address_of(self, told: Notification) -> str:
        """Where it goes."""
        return self.road.address if self.road else told.address

    def text_of(self, told: Notification) -> str:
        """What it says there."""
        return self.road.text if self.road else told.text

"""What a message will cost, and by which road it goes, decided before admission."""

from engine.money import Money
from engine.notification import Channel, Notification, Road
from engine.noun import Noun
from engine.reason import Reason


class Closed(Noun):
    """A road that cannot be taken, and why."""

    channel: Channel
    reason: Reason


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
    beside: tuple["Quote | Closed", ...] = ()
    """The notification's other roads in their order: what each would cost, or why it cannot be taken."""

    def address_of(self, told: Notification) -> str:
        """Where it goes."""
        return self.road.address if self.road else told.address

    def text_of(self, told: Notification) -> str:
        """What it says there."""
        return self.road.text if self.road else told.text

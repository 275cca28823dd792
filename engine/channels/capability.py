"""Which phones can receive what, as far as a provider has told us, remembered for a day."""

import time
from collections import OrderedDict
from collections.abc import Callable

from engine.message import Message
from engine.notification import Channel

_DAY = 86_400.0
#: So many phones are remembered; the one asked longest ago is forgotten first.
_MOST = 10_000


class Capabilities:
    """In memory only: after a restart a provider is asked anew. `now`: seconds of a clock that never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: OrderedDict[tuple[Channel, str], tuple[bool, float]] = OrderedDict()

    def of(self, message: Message) -> bool | None:
        """Whether the phone can receive this kind of message; None when that is not known, or no longer."""
        able, at = self._known.get((message.channel, message.address), (None, 0.0))
        return able if able is not None and self._now() - at < _DAY else None

    def note(self, channel: Channel, address: str, able: bool) -> None:
        """The provider has said so just now."""
        self._known[channel, address] = able, self._now()
        self._known.move_to_end((channel, address))
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

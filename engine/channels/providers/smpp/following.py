"""Which receipts belong to which message: it may be several units, and a receipt may come before the answer."""

import re
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from engine.channels.providers.smpp.receipts import NetworkReceipt
from engine.reason import Reason
from engine.receipt import Fate

#: What is older than so many messages is not remembered: its receipts then speak for the part that they are about.
MOST_MESSAGES = 50_000


@dataclass
class Followed:
    """A message on its way: our reference, and the ids of its parts as far as they are known."""

    ref: str
    ids: list[str]
    over: bool = False
    """Whoever sent it has had an answer; what comes now comes late."""


class Known(NamedTuple):
    """What is known of a message: our reference where we remember it, the id it goes by, the receipt that decides."""

    ref: str
    id: str
    receipt: NetworkReceipt


#: Our reference as it is written with each part: of a long text with its place and how many there are.
_TAG = re.compile(rb"([0-9a-f]{32}-[0-9]{1,6})(?:/[0-9]{1,3}/[0-9]{1,3})?\0?")


def recognise(known: Known, shown: bytes, calls: Collection[str]) -> Known:
    """A receipt for an id that nobody remembers, as after a crash, by the reference that it has `shown`.

    The receipt of a part says that the message was taken, and no more: of the other parts nothing is known. While one
    of the `calls` is handing the message over, its answers say it better.
    """
    found = _TAG.fullmatch(shown)
    if found is None:
        return known
    ref, part = found[1].decode(), b"/" in shown
    if part and ref in calls:
        return known
    receipt = known.receipt
    if part and receipt.fate is not Fate.UNDELIVERED:
        receipt = receipt._replace(fate=Fate.SENT, reason=Reason.ACCEPTED)
    return known._replace(ref=ref, receipt=receipt)


class Following:
    """The messages of late and what the network said of them.

    A message is delivered when all its parts are, and undelivered when one is. Until that is known nothing is told.
    """

    def __init__(self, most: int = MOST_MESSAGES) -> None:
        self._most = most
        self._by_id: OrderedDict[str, Followed] = OrderedDict()
        self._heard: OrderedDict[str, NetworkReceipt] = OrderedDict()

    def begin(self, ref: str, parts: int) -> Followed:
        """A message of so many parts is about to be sent."""
        return Followed(ref, [""] * parts)

    def name(self, followed: Followed, place: int, id: str) -> None:
        """The part at this place was taken under this id. To be called before anything later is read."""
        followed.ids[place] = id
        if self._by_id.pop(id, None) is not None:
            self._heard.pop(id, None)  # the SMS centre counts from the beginning again
        self._by_id[id] = followed
        if len(self._by_id) > self._most:
            self._by_id.popitem(last=False)

    def hear(self, receipt: NetworkReceipt) -> Known | None:
        """What a receipt tells of its message, or None when its other parts must be heard first.

        One for an id that is not known (yet) is told as it is, and remembered for the message that it may belong to.
        """
        if receipt.fate is not Fate.SENT:
            self._heard[receipt.id] = receipt
            self._heard.move_to_end(receipt.id)
            if len(self._heard) > self._most:
                self._heard.popitem(last=False)
        followed = self._by_id.get(receipt.id)
        if followed is None:
            return Known("", receipt.id, receipt)
        if len(followed.ids) == 1:
            return Known(followed.ref, receipt.id, receipt)
        return self.known(followed)

    def known(self, followed: Followed) -> Known | None:
        """What became of a message, or None while that is open."""
        heard = [self._heard.get(id) for id in followed.ids]
        for receipt in heard:
            if receipt is not None and receipt.fate is Fate.UNDELIVERED:
                return Known(followed.ref, self.representative(followed), receipt)
        last = heard[-1]
        if last is None or None in heard:
            return None
        return Known(followed.ref, self.representative(followed), last)

    def representative(self, followed: Followed) -> str:
        """The part whose receipt may speak for the message when nobody remembers the others, after a restart.

        Best one that is not heard of yet: what came early was told under its own id, and would speak too soon. When
        all are heard, one that failed, if any.
        """
        open_ = [id for id in followed.ids if id and id not in self._heard]
        failed = [id for id in followed.ids if id in self._heard and self._heard[id].fate is Fate.UNDELIVERED]
        return (open_ or failed or followed.ids)[-1]

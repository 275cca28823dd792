"""The notification that tells a digest: what was collected, or beyond a daily cap how many of which rule."""

from collections.abc import Callable, Sequence

from engine.account import Account
from engine.digest import Gathered, compose
from engine.notification import Channel, Notification
from engine.reason import Reason
from engine.rules.texts.clean import clean
from engine.rules.texts.phrases import Phrase, say
from engine.rules.texts.summary import summarise
from engine.rules.write import sign

#: The name that people know a rule by: (scope, rule id) -> name.
NameOf = Callable[[str, str], str]


def tell_together(found: Gathered, account: Account, name_of: NameOf) -> Notification:
    """The notification, on the roads of the first that was collected.

    What was collected alone is told as it would have been.
    """
    first = found.first
    if found.count <= 1:
        return compose(first, found.key, found.opened_at, enclosures=first.enclosures)
    words = _Words(found, first.language or account.language, sign(account.signature), name_of)
    roads = (road.model_copy(update={"text": words.write(road.channel, road.max_parts)}) for road in first.otherwise)
    text = words.write(first.channel, first.max_parts)
    return compose(first, found.key, found.opened_at, text=text, otherwise=tuple(roads))


class _Words:
    """A storm's subjects are all alike, so what is beyond a daily cap is counted by rule; the rest is named."""

    def __init__(self, found: Gathered, language: str, tail: str, name_of: NameOf) -> None:
        self._many, self._language, self._tail = found.count, language, tail
        self._items: Sequence[str]
        if found.reason in (Reason.RULE_CAP, Reason.DAILY_CAP):
            counts = sorted(found.by_rule.items(), key=lambda each: (-each[1], each[0]))
            self._phrase, self._among = Phrase.STORM, len(counts)
            self._items = [f"{name_of(*rule)} ({many})" for rule, many in counts]
        else:
            self._phrase, self._among = Phrase.DIGEST, found.count
            self._items = found.titles

    def write(self, channel: Channel, max_parts: int) -> str:
        """As many items as there is room for; a mail has room for all, each on a line of its own."""
        if channel is Channel.SMS:
            return summarise(
                self._items, self._many, self._language, max_parts, self._tail, self._phrase, self._among
            )
        left = self._among - len(self._items)
        more = [say(Phrase.MORE, self._language, n=left)] if left else []
        lines = "".join(f"\n- {line}" for line in [*map(clean, self._items), *more])
        return say(self._phrase, self._language, n=self._many, items=lines).replace(": \n", ":\n", 1) + self._tail

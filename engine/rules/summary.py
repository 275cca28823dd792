"""What a digest says: how many, the first of them, and how many more; of a daily cap, how many of which rule."""

from collections.abc import Callable, Sequence

from engine.account import Account
from engine.digest import Gathered, compose
from engine.notification import Channel, Notification
from engine.reason import Reason
from engine.rules.clean import clean
from engine.rules.phrases import Phrase, say
from engine.rules.write import sign
from engine.segments import count

#: Of one of many, as much as tells it from the others.
_TITLE = 60

#: The name that people know a rule by: (scope, rule id) -> name.
NameOf = Callable[[str, str], str]


def summarise(found: Gathered, account: Account, name_of: NameOf) -> Notification:
    """The notification that tells a digest, on the roads of the first that was collected.

    What was collected alone is told as it would have been.
    """
    first = found.first
    if found.count <= 1:
        return compose(first, found.key, found.opened_at)
    words = _Words(found, first.language or account.language, sign(account.signature), name_of)
    return compose(
        first,
        found.key,
        found.opened_at,
        text=words.write(first.channel, first.max_parts),
        otherwise=tuple(
            road.model_copy(update={"text": words.write(road.channel, road.max_parts)}) for road in first.otherwise
        ),
    )


class _Words:
    """A storm's subjects are all alike, so what is beyond a daily cap is counted by rule; the rest is named."""

    def __init__(self, found: Gathered, language: str, tail: str, name_of: NameOf) -> None:
        self._many, self._language, self._tail = found.count, language, tail
        if found.reason in (Reason.RULE_CAP, Reason.DAILY_CAP):
            counts = sorted(found.by_rule.items(), key=lambda each: (-each[1], each[0]))
            self._phrase = Phrase.STORM
            self._items = [f"{clean(name_of(*rule))[:_TITLE]} ({many})" for rule, many in counts]
            self._unnamed = 0
        else:
            self._phrase = Phrase.DIGEST
            self._items = [clean(title)[:_TITLE].rstrip() for title in found.titles]
            self._unnamed = found.count - len(self._items)

    def write(self, channel: Channel, max_parts: int) -> str:
        """As many items as there is room for; a mail has room for all, each on a line of its own."""
        if channel is not Channel.SMS:
            return self._say(self._items, "\n- ", "\n- ")
        shorter = (self._say(self._items[:named], "", "; ") for named in range(len(self._items), 0, -1))
        return next((text for text in shorter if count(text).parts <= max_parts), self._say([], "", ""))

    def _say(self, items: Sequence[str], before: str, between: str) -> str:
        left = self._unnamed + len(self._items) - len(items)
        more = [say(Phrase.MORE, self._language, n=left)] if left and items else []
        listed = before + between.join([*items, *more]) if items else ""
        return say(self._phrase, self._language, n=self._many, items=listed).rstrip(" :") + self._tail

"""Many notifications that are told together, by one message that names them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from engine.identity import derive
from engine.notification import Notification
from engine.reason import Reason

#: The name of the action whose notification a digest is.
ACTION = "digest"


class DigestKey(NamedTuple):
    """What is collected together, of one account. The empty rule is all rules, the empty action all actions."""

    scope: str
    rule: str
    action: str
    recipient: str

    @classmethod
    def of(cls, told: Notification) -> Self:
        """What one action of one rule says to one recipient."""
        return cls(told.scope, told.rule, told.action, told.recipient)


@dataclass(frozen=True)
class Gathered:
    """What lies in a digest at the moment in which it is told."""

    key: DigestKey
    opened_at: datetime
    reason: Reason
    """Why its notifications were collected: THROTTLED, DIGEST, RULE_CAP or DAILY_CAP."""
    first: Notification
    """The first that was collected: the digest goes where it would have gone."""
    count: int
    titles: tuple[str, ...] = ()
    """Of the first ones: what is beyond the most items is counted, not kept."""
    by_rule: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many of each rule: (scope, rule) -> count."""


def compose(first: Notification, key: DigestKey, opened_at: datetime, **values: object) -> Notification:
    """The notification that tells a digest, so far without words of its own.

    Its identity is (account, scope, rule, action, recipient, window), so a repeated one is the same one.
    """
    origin = derive(ACTION, first.account, *key, opened_at.isoformat())
    same = {
        "account": first.account,
        "recipient": first.recipient,
        "address": first.address,
        "channel": first.channel,
        "text": first.text,
        "lane": first.lane,
        "max_parts": first.max_parts,
        "on_unknown": first.on_unknown,
        "otherwise": first.otherwise,
        "together": first.together,
        "fallback": first.fallback,
        "title": first.title,
        "zone": first.zone,
        "language": first.language,
        "rules_version": first.rules_version,
    }
    made = {"event_id": origin, "scope": key.scope, "rule": key.rule, "action": ACTION, "decided_at": opened_at}
    return Notification.model_validate({**same, **made, **values})


def digest_id(first: Notification, key: DigestKey, opened_at: datetime) -> UUID:
    """The id of the notification that will tell this digest."""
    return compose(first, key, opened_at).id

"""Under which keys a notification is remembered, so that it is not told again, or not too often."""

from datetime import timedelta
from uuid import UUID

from engine.digest import DigestKey
from engine.identity import derive
from engine.notification import Notification

#: Kept so long at least: a throttle that was made longer counts what was told before.
AT_LEAST = timedelta(days=1)


def throttle_key(told: Notification) -> UUID:
    """One action of one rule to one recipient."""
    return derive("throttle", told.account, *DigestKey.of(told))


def dedupe_key(told: Notification) -> UUID | None:
    """The same thing by the same action to the same recipient; None when it may be told again.

    Derived, so that no word of a mail is kept for it.
    """
    same = told.limits.dedupe
    return derive("dedupe", told.account, *DigestKey.of(told), same.key) if same else None


def remembered(told: Notification, *, alone: bool) -> dict[UUID, timedelta]:
    """The keys, and for how long each is to be remembered. What was not told alone counts for no throttle."""
    keys: dict[UUID, timedelta] = {}
    same, limit = dedupe_key(told), told.limits.throttle
    if same is not None and told.limits.dedupe is not None:
        keys[same] = max(told.limits.dedupe.for_, AT_LEAST)
    if alone and limit is not None:
        keys[throttle_key(told)] = max(limit.per, AT_LEAST)
    return keys

"""What an account may still do at this moment: read and locked in the admission transaction, folded row by row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from engine.admission.told import remembered
from engine.digest import DigestKey
from engine.notification import Notification


class Bucket(StrEnum):
    """Where a message is paid from."""

    ALLOWANCE = "allowance"
    """Parts of the month; what is unused lapses (S35)."""
    BALANCE = "prepaid"
    """Bought credit, in money; it never lapses (S36)."""


@dataclass(frozen=True)
class Standing:
    """One account's standing in one moment. `allowance` in parts, `balance` in minor units of `currency`."""

    account: str
    currency: str
    frozen: bool = False
    consents: frozenset[str] = frozenset()
    stopped: Mapping[str, datetime] = field(default_factory=dict)
    """Addresses that would have consented, but that asked by themselves to be told no more, and when."""
    daily_cap: int = 0
    told_today: int = 0
    allowance: int = 0
    balance: int = 0
    zone: str = "UTC"
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    told: Mapping[UUID, tuple[datetime, ...]] = field(default_factory=dict)
    """When something was told under a key of `engine.admission.told`, oldest first."""
    by_rule: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Messages of a rule today: (scope, rule) -> count."""
    summed_up: frozenset[DigestKey] = frozenset()
    """The digests of a daily cap that were told today."""

    def paid(self, bucket: Bucket | None, units: int) -> Self:
        """Once `units` of `bucket` are reserved."""
        if bucket is Bucket.ALLOWANCE:
            return replace(self, allowance=self.allowance - units)
        return replace(self, balance=self.balance - units)

    def counted(self, told: Notification) -> Self:
        """Once a notification is told alone."""
        after = replace(self.remembering(told, alone=True), told_today=self.told_today + 1)
        if told.limits.daily is None:
            return after
        rule = (told.scope, told.rule)
        return replace(after, by_rule={**self.by_rule, rule: self.by_rule.get(rule, 0) + 1})

    def remembering(self, told: Notification, *, alone: bool) -> Self:
        """Once a notification is told, alone or by a digest."""
        keys = remembered(told, alone=alone)
        if not keys:
            return self
        return replace(self, told={**self.told, **{key: (*self.told.get(key, ()), self.now) for key in keys}})

"""What an account may still do at this moment: read and locked in the admission transaction, folded row by row."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


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
    daily_cap: int = 0
    told_today: int = 0
    allowance: int = 0
    balance: int = 0

    def after(self, bucket: Bucket, units: int) -> Self:
        """The standing once a message is admitted and `units` of `bucket` are reserved for it."""
        told = self.told_today + 1
        if bucket is Bucket.ALLOWANCE:
            return replace(self, told_today=told, allowance=self.allowance - units)
        return replace(self, told_today=told, balance=self.balance - units)

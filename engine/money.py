"""Money is a whole number of minor units and a currency; there is no float anywhere near it."""

import re
from decimal import Decimal
from typing import Self

from pydantic import Field

from engine.noun import Noun

#: ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENT = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3}
#: Prices per part are often fractions of a cent; the ledger keeps ten-thousandths of the major unit.
PRECISION = 4
#: 900 million in the major unit: far above any balance, far below what a 64-bit column holds.
_MOST = 9 * 10**12
_AMOUNT = re.compile(r"-?[0-9]{1,30}([.,][0-9]{1,30})?")


def decimals(currency: str) -> int:
    """How many decimals the smallest coin of a currency needs: 2 for EUR."""
    return _EXPONENT.get(currency, 2)


class Money(Noun):
    """An amount in ten-thousandths of the currency's major unit: 0.0825 EUR is ``Money(825, "EUR")``."""

    minor: int = Field(ge=-_MOST, le=_MOST)
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read ``5``, ``5.00`` or ``0,0825``. Raises ValueError with a sentence a person understands."""
        if not _AMOUNT.fullmatch(text.strip()):
            raise ValueError(f"write an amount as 5 or 5.00, not {text!r}")
        amount = Decimal(text.strip().replace(",", "."))
        minor = amount.scaleb(PRECISION)
        if minor != minor.to_integral_value():
            raise ValueError(f"an amount has at most {PRECISION} decimals: {text!r}")
        if abs(minor) > _MOST:
            raise ValueError(f"the amount {text!r} is too large")
        return cls(minor=int(minor), currency=currency)

    def __str__(self) -> str:
        shown = decimals(self.currency)
        amount = Decimal(self.minor).scaleb(-PRECISION)
        digits = format(amount, f".{PRECISION}f").rstrip("0")
        whole, _, fraction = digits.partition(".")
        fraction = fraction.ljust(shown, "0")
        return f"{self.currency} {whole}.{fraction}" if fraction else f"{self.currency} {whole}"

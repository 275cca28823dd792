"""What a message costs and who carries it, by the first digits of the number: the longest prefix decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from pydantic import Field, field_validator, model_validator

from engine.document import VersionOne
from engine.money import Money
from engine.noun import Written


class TariffRow(Written):
    """Numbers that begin with `prefix` cost `price` per part and go through `provider`."""

    prefix: str = Field(pattern=r"^\+[1-9][0-9]{0,14}$")
    price: str = Field(pattern=r"^[0-9]+([.,][0-9]{1,4})?$")
    """Per part, in the major unit of the file's currency: 0.08."""
    provider: str = Field(min_length=1)


class TariffFile(Written):
    """`config/tariff.yaml`."""

    version: VersionOne
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    sms: tuple[TariffRow, ...] = ()

    @field_validator("sms")
    @classmethod
    def _each_prefix_once(cls, rows: tuple[TariffRow, ...]) -> tuple[TariffRow, ...]:
        seen: set[str] = set()
        for row in rows:
            if row.prefix in seen:
                raise ValueError(f"the prefix {row.prefix} is given twice")
            seen.add(row.prefix)
        return rows

    @model_validator(mode="after")
    def _prices_can_be_kept(self) -> Self:
        for row in self.sms:
            if Money.parse(row.price, self.currency).minor <= 0:
                raise ValueError(f"the price of {row.prefix} is nothing: the ledger reserves what a message costs")
        return self


@dataclass(frozen=True)
class Line:
    """One line of the tariff, ready to be used."""

    prefix: str
    price: Money
    """Per part."""
    provider: str


class Tariff:
    """Finds the line for a number."""

    def __init__(self, currency: str, lines: Iterable[Line]) -> None:
        self.currency = currency
        """ISO 4217; every price is in it."""
        self._lines = {line.prefix: line for line in lines}
        self._longest = max(map(len, self._lines), default=0)

    @classmethod
    def of(cls, file: TariffFile) -> Self:
        """The tariff that a person wrote down."""
        lines = [Line(row.prefix, Money.parse(row.price, file.currency), row.provider) for row in file.sms]
        return cls(file.currency, lines)

    def find(self, number: str) -> Line | None:
        """The line with the longest prefix of this E.164 number, or None when no line covers it."""
        for length in range(min(len(number), self._longest), 1, -1):
            line = self._lines.get(number[:length])
            if line is not None:
                return line
        return None

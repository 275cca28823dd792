"""What a message costs and who carries it, by the first digits of the number: the longest prefix decides."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from engine.document import VersionOne
from engine.money import Money
from engine.notification import Channel
from engine.noun import Written

Name = Annotated[str, Field(min_length=1)]
Share = Annotated[int, Field(ge=0, le=1000)]


def _shares(written: Any) -> Any:
    """One name carries everything; of a list the first does, and the others stand by in order."""
    if isinstance(written, str):
        return {written: 1}
    if isinstance(written, list) and all(isinstance(each, str) for each in written):
        if len(set(written)) < len(written):
            raise ValueError("a provider is named twice: name each one once")
        return {name: int(index == 0) for index, name in enumerate(written)}
    return written


def _carried(shares: dict[str, int]) -> dict[str, int]:
    if not any(shares.values()):
        raise ValueError("nobody has a share: give one of them more than 0")
    return shares


#: Who carries it -> its share, in the order in which one takes over from another. A share of 0 stands by.
Carriers = Annotated[
    dict[Name, Share],
    Field(min_length=1, max_length=10),
    BeforeValidator(_shares, json_schema_input_type=Name | list[Name] | dict[Name, Share]),
    AfterValidator(_carried),
]


def _priced(written: str) -> str:
    if not _PRICE.fullmatch(written):
        raise ValueError("write a price as 0.08, with at most four decimals and no currency")
    return written


_PRICE = re.compile(r"[0-9]+([.,][0-9]{1,4})?")
Price = Annotated[str, AfterValidator(_priced), Field(json_schema_extra={"pattern": f"^{_PRICE.pattern}$"})]


class TariffRow(Written):
    """Numbers that begin with `prefix` cost `price` per part and go through `provider`."""

    prefix: str = Field(pattern=r"^\+[1-9][0-9]{0,14}$")
    price: Price
    """Per part, in the major unit of the file's currency: 0.08."""
    provider: Carriers
    """One name; `[a, b]`: b takes over when a fails; `{a: 70, b: 30}`: shares, which follow how each one fares."""


class TariffEmail(Written):
    """What a mail costs, wherever it goes, and who carries it."""

    price: Price = "0"
    """In the major unit of the file's currency; a mail may cost nothing."""
    provider: Carriers


class TariffFile(Written):
    """`config/tariff.yaml`."""

    version: VersionOne
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    sms: tuple[TariffRow, ...] = ()
    fax: tuple[TariffRow, ...] = ()
    """Per page."""
    mms: tuple[TariffRow, ...] = ()
    """Per message."""
    rcs: tuple[TariffRow, ...] = ()
    """Per message."""
    email: TariffEmail | None = None
    """Left out: nothing goes by e-mail."""

    @field_validator("sms", "fax", "mms", "rcs")
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
        for row in (*self.sms, *self.fax, *self.mms, *self.rcs):
            if Money.parse(row.price, self.currency).minor <= 0:
                raise ValueError(f"the price of {row.prefix} is nothing: the ledger reserves what a message costs")
        if self.email is not None:
            Money.parse(self.email.price, self.currency)
        return self


@dataclass(frozen=True)
class Line:
    """One line of the tariff, ready to be used."""

    prefix: str
    price: Money
    """Per part."""
    shares: Mapping[str, int]
    """Who carries it -> its share; 0 stands by."""


class Tariff:
    """Finds the line for a number, or for a mail. `lines` are those of SMS."""

    def __init__(
        self,
        currency: str,
        lines: Iterable[Line],
        fax: Iterable[Line] = (),
        email: Line | None = None,
        mms: Iterable[Line] = (),
        rcs: Iterable[Line] = (),
    ) -> None:
        self.currency = currency
        """ISO 4217; every price is in it."""
        self._lines: Mapping[Channel, Mapping[str, Line]] = {
            Channel.SMS: {line.prefix: line for line in lines},
            Channel.FAX: {line.prefix: line for line in fax},
            Channel.MMS: {line.prefix: line for line in mms},
            Channel.RCS: {line.prefix: line for line in rcs},
        }
        self._email = email

    @classmethod
    def of(cls, file: TariffFile) -> Self:
        """The tariff that a person wrote down."""

        def lines(rows: Iterable[TariffRow]) -> Iterable[Line]:
            return [Line(row.prefix, Money.parse(row.price, file.currency), row.provider) for row in rows]

        mail = file.email
        email = Line("", Money.parse(mail.price, file.currency), mail.provider) if mail else None
        return cls(file.currency, lines(file.sms), lines(file.fax), email, lines(file.mms), lines(file.rcs))

    def find(self, address: str, channel: Channel = Channel.SMS) -> Line | None:
        """The line with the longest prefix of this E.164 number, or None when no line covers it.

        Mail has one line, wherever it goes.
        """
        if channel is Channel.EMAIL:
            return self._email
        lines = self._lines.get(channel, {})
        for length in range(min(len(address), max(map(len, lines), default=0)), 1, -1):
            line = lines.get(address[:length])
            if line is not None:
                return line
        return None

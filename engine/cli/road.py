"""Where a message goes that somebody asks for at the command line, by whom, and what it would cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine import phone
from engine.channels.mail.address import read_address
from engine.channels.pages import count_pages
from engine.channels.tariff import Line, Tariff
from engine.money import Money
from engine.notification import Channel
from engine.quote import Quote
from engine.segments import Segments, count
from engine.settings import Settings

#: Longer texts are no test.
MOST_PARTS = 10
#: What a price is for.
_UNITS: Mapping[Channel, str] = {Channel.SMS: "part", Channel.FAX: "page", Channel.EMAIL: "mail"}


@dataclass(frozen=True)
class Road:
    """Where a test goes, by whom, and what it would cost."""

    number: str
    """E.164, or the address of a mail."""
    quote: Quote
    segments: Segments | None
    """How an SMS is cut."""
    priced: bool
    """Whether a line of the tariff covers the number."""

    @property
    def size(self) -> str:
        """How long it is, in what is paid for."""
        parts = f"{self.quote.parts} {_UNITS[self.quote.channel]}" + ("" if self.quote.parts == 1 else "s")
        if self.segments is None:
            return parts
        forced = f" because of {self.segments.forced_by!r}" if self.segments.forced_by else ""
        return f"{parts}, {self.segments.alphabet}{forced}"


def quote(settings: Settings, written: str, text: str, provider: str | None, channel: Channel = Channel.SMS) -> Road:
    """The road of a message. Raises ValueError with a sentence that says what to mend."""
    address = _read(written, channel, settings.region)
    line = Tariff.of(settings.tariff).find(address, channel)
    name = _provider(settings, address, channel, line, provider)
    segments = count(text) if channel is Channel.SMS else None
    parts = segments.parts if segments else count_pages(text) if channel is Channel.FAX else 1
    if not text.strip():
        raise ValueError("the text is empty: write what should arrive")
    if parts > MOST_PARTS:
        unit = _UNITS[channel]
        raise ValueError(f"a test has at most {MOST_PARTS} {unit}s; this text has {parts}: shorten it")
    price = Money(minor=parts * line.price.minor if line else 0, currency=settings.tariff.currency)
    found = Quote(channel=channel, provider=name, parts=parts, price=price, tariff=line.prefix if line else "")
    return Road(address, found, segments, line is not None)


def _read(written: str, channel: Channel, region: str | None) -> str:
    if channel is Channel.EMAIL:
        return read_address(written)
    number = phone.parse(written, region)
    if channel is Channel.SMS and (refusal := phone.refusal(number)):
        raise ValueError(refusal)
    return number


def _provider(settings: Settings, address: str, channel: Channel, line: Line | None, forced: str | None) -> str:
    name = forced or (next(iter(line.shares)) if line else "")
    if not name:
        where = f"in tariff.yaml no line under {channel} covers {phone.mask(address)}"
        raise ValueError(f"{where}: it would be refused, and nothing charged; add one, or name a --provider")
    if name not in settings.providers:
        raise ValueError(f"engine.yaml has no provider '{name}'; there: {', '.join(settings.providers) or 'none'}")
    carried = settings.carriers[name]
    if channel not in carried:
        raise ValueError(f"the provider '{name}' carries {', '.join(sorted(carried))}, and no {channel}")
    return name

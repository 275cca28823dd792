"""What the doctor says of providers that were told to report what became of messages, and do not (S13)."""

from collections.abc import Iterator
from datetime import datetime

from engine.channels.features import SPEAKING, Reporting
from engine.cli.finding import Finding
from engine.settings import Settings
from engine.store import silence
from engine.store.database import Connection


def unheard(connection: Connection, wanted: Settings, now: datetime) -> Iterator[Finding]:
    """One line for each provider that took messages and reported on none of them."""
    how = wanted.reporters
    for each in silence.find(connection, [name for name in how if how[name] in SPEAKING], now):
        yield Finding(
            False,
            f"provider {each.provider}",
            f"reports: it accepted {each.accepted} messages since {each.since.astimezone():%Y-%m-%d %H:%M}, "
            "and no delivery report has come",
            _remedy(how[each.provider], f"{wanted.web.address}/callbacks/{each.provider}"),
        )


def _remedy(how: Reporting, address: str) -> str:
    if how is Reporting.CALLBACK:
        return f"set the report address {address} at the supplier, and see that it can be reached from there"
    return "ask the supplier to switch delivery reports on"

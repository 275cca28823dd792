"""What the processes of a test do with a shared store; each is `python -m tests.store.workers KIND URL …`."""

import asyncio
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from engine.agents.desk import Bells, Desk
from engine.agents.send import send
from engine.answer import Answer, ProviderClass
from engine.channels.tariff import Tariff
from engine.message import Message
from engine.notification import Channel
from engine.receipt import DeliveryReport, Fate
from engine.store import accounts, inbox, revision
from engine.store.database import Database
from engine.store.tables import message
from tests.builders import ACCEPTED, NOW, a_notification, a_quote, an_account


def spend(url: str, first: int, last: int) -> None:
    """Ask for messages `first` to `last`, in batches of different sizes that end in different places."""
    store = Database(url)
    numbers, size = list(range(first, last)), 1 + first % 7
    for start in range(0, len(numbers), size):
        asked = [(a_notification(number), a_quote()) for number in numbers[start : start + size]]
        store.write(lambda c: inbox.take_in(c, asked, "EUR", NOW), touching=("anna",))  # noqa: B023
    store.close()


def begin(url: str, name: str) -> None:
    """What a worker does when it starts: the tables, then the accounts of the files."""
    store = Database(url)
    revision.ensure(store)
    people = [an_account(f"a{n}", parts=n) for n in range(20)]
    store.write(lambda c: accounts.upsert(c, people, name, NOW))
    store.close()


class Teller:
    """A provider that prints when it was called."""

    name = "phone"
    channels = frozenset({Channel.SMS})
    provider_class = ProviderClass.IDEMPOTENT
    key_life = timedelta(hours=24)
    timeout = timedelta(seconds=10)

    async def send(self, message: Message, client_ref: str) -> Answer:
        """Take it."""
        print(f"{time.time():.6f} {client_ref}", flush=True)
        return ACCEPTED

    async def ask(self, client_ref: str) -> Answer:
        """Nobody asks."""
        raise AssertionError

    def read_callback(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
    ) -> list[DeliveryReport]:
        """Nobody calls."""
        return []

    async def close(self) -> None:
        """Nothing is open."""


async def deliver(url: str, rate: str) -> None:
    """The hop `send`, until nothing is queued, through a provider that bears so many messages a second."""
    desk = Desk(
        store=Database(url),
        accounts={},
        ruleset=cast(Any, None),
        tariff=Tariff("EUR", []),
        providers={"phone": Teller()},
        publish=cast(Any, None),
        clock=lambda: datetime.now(UTC),
        jitter=lambda most: most,
        mailboxes=[],
        owns=lambda account: True,
        office=cast(Any, None),
        bells=Bells(),
        rates={"phone": float(rate)},
    )
    sending = asyncio.create_task(send(desk))
    queued = sa.select(sa.exists().where(message.c.fate == Fate.QUEUED.value))
    while await desk.store.aread(lambda c: c.execute(queued).scalar_one()):
        await asyncio.sleep(0.1)
    desk.draining.set()
    await sending
    desk.store.close()


def most_in_a_second(moments: list[float]) -> int:
    """The most of these within any one second."""
    moments = sorted(moments)
    return max((sum(at <= each < at + 1 for each in moments) for at in moments), default=0)


if __name__ == "__main__":
    kind, where, *rest = sys.argv[1:]
    if kind == "spend":
        spend(where, int(rest[0]), int(rest[1]))
    elif kind == "begin":
        begin(where, rest[0])
    else:
        asyncio.run(deliver(where, *rest))
